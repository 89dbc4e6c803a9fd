import itertools
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.errors import SourceError
from edge.log.records import Record
from edge.log.sinks import MemorySink
from edge.model.inference import Model
from edge.sources.recorders import Start
from edge.sources.source import Block, FileSource, Gap, Item, Limited, State
from tests.conftest import DEMO
from tests.edge.session.running import Played, Said, StoppingSink, heard, live_block, of_type

pytestmark = pytest.mark.realtime


def test_a_log_has_a_beginning_and_an_end(model: Model, demo_audio: NDArray[np.float32]) -> None:
    """Start, events by number, stats, stop."""
    log = heard(model, Played(demo_audio))
    assert ["start", "stats", "stop"] == [log[0]["type"], log[-2]["type"], log[-1]["type"]]
    events = log[1:-2]
    assert [*range(1, len(events) + 1)] == [event["id"] for event in events if event["type"] == "event"]
    assert sum(log[-2]["events"].values()) == len(events) > 0
    assert {"type": "stop", "source": "played", "reason": "end"} == log[-1]


def test_a_file_has_no_time_of_day(model: Model, demo_audio: NDArray[np.float32]) -> None:
    """Unless somebody says when it began."""
    log = heard(model, Played(demo_audio[:160_000]))
    assert not any(key.endswith("utc") or key == "started_at" for record in log for key in record)


def test_times_of_day_follow_the_sample_clock(model: Model, demo_audio: NDArray[np.float32]) -> None:
    """onset_utc is the beginning plus the onset."""
    start = Start(datetime(2026, 5, 1, 23, 59, 59, tzinfo=UTC), "name", "assumed")
    log = heard(model, Played(demo_audio), starts={"played": start})
    assert "2026-05-01T23:59:59.000Z" == log[0]["started_at"]
    assert ("name", "assumed") == (log[0]["started_at_from"], log[0]["started_at_zone"])
    for event in log[1:-2]:
        seconds = (
            datetime.fromisoformat(event["onset_utc"]) - datetime.fromisoformat(log[0]["started_at"])
        ).total_seconds()
        assert event["onset"] == pytest.approx(seconds, abs=0.002)


def test_a_source_that_cannot_be_opened_leaves_no_log(model: Model) -> None:
    """Nothing half-written."""
    kept = MemorySink()
    source = Played(np.zeros(0, dtype=np.float32), end=SourceError("gone"))
    with pytest.raises(SourceError, match="gone"):
        heard(model, source, kept=kept)
    assert [] == kept.records


def test_a_source_that_fails_later_has_its_events_closed(model: Model, demo_audio: NDArray[np.float32]) -> None:
    """What was heard is not lost, and the log ends with the reason."""
    kept = MemorySink()
    with pytest.raises(SourceError, match="gone"):
        heard(model, Played(demo_audio, end=SourceError("gone")), kept=kept)
    assert heard(model, Played(demo_audio))[:-2] == kept.records[:-2]
    assert {"type": "stop", "source": "played", "reason": "error"} == kept.records[-1]


def test_stopping_ends_a_source_that_blocks(model: Model, demo_audio: NDArray[np.float32]) -> None:
    """What was heard is logged, and the log says that it was interrupted."""
    stopping = threading.Event()
    log = heard(model, Played(demo_audio[: 30 * 16_000], end=stopping), stopping=stopping)
    assert ["start", "stats", "stop"] == [record["type"] for record in log if record["type"] != "event"]
    assert {"type": "stop", "source": "played", "reason": "interrupted"} == log[-1]


def test_a_source_that_breaks_down_does_not_hang(model: Model) -> None:
    """Whatever goes wrong in its thread is raised where somebody sees it."""
    with pytest.raises(RuntimeError, match="a mistake of ours"):
        heard(model, Played(np.zeros(16_000, dtype=np.float32), end=RuntimeError("a mistake of ours")))


def test_what_was_lost_is_written_down(model: Model, demo_audio: NDArray[np.float32]) -> None:
    """A gap with its borders and its reason, and what it leaves of the time."""

    class Damaged(Played):
        def items(self, stopping: threading.Event) -> Iterator[Item]:  # noqa: ARG002  # it does not block
            yield Block(demo_audio[:48_000, None], 16_000)
            yield Gap(1.0, "decode")
            yield Block(demo_audio[64_000:160_000, None], 16_000)

    log = heard(model, Damaged(demo_audio))
    gap = {"type": "gap", "source": "played", "onset": 3.0, "offset": 4.0, "reason": "decode"}
    assert [gap] == of_type(log, "gap")
    stats = log[-2]
    assert (9.0, 1.0, 0.9) == (stats["audio_seconds"], stats["gap_seconds"], stats["coverage"])


def test_a_source_without_a_sample_has_a_log(model: Model) -> None:
    """An empty one, with a beginning and an end."""
    log = heard(model, Played(np.zeros(0, dtype=np.float32)))
    assert ["start", "stats", "stop"] == [record["type"] for record in log]
    assert 0.0 == log[1]["audio_seconds"]


def test_another_rate_gives_the_same_clear_events(model: Model, demo_audio: NDArray[np.float32]) -> None:
    """A recording at 48 kHz is heard as at 16 kHz, but for what hangs by a thread."""
    import soxr

    class Faster(Played):
        def items(self, stopping: threading.Event) -> Iterator[Item]:  # noqa: ARG002  # it does not block
            up = soxr.resample(demo_audio, 16_000, 48_000)
            yield Block(np.stack([up, up], axis=1), 48_000)

    sure, found = (
        [(r["label"], r["onset"]) for r in heard(model, source) if r["type"] == "event" and r["confidence"] > least]
        for source, least in ((Played(demo_audio), 0.95), (Faster(demo_audio), 0.0))
    )
    assert len(sure) >= 5
    for label, onset in sure:
        assert any(label == other and abs(onset - begin) <= 0.3 for other, begin in found), (label, onset, found)


def test_what_becomes_of_a_source_is_written_down(model: Model, demo_audio: NDArray[np.float32]) -> None:
    """Lost in the middle of a sound, for a minute and a half: its event ends there, the gap has its exact borders."""
    began = time.monotonic() - 200.0
    items = [
        State("connected", "48 kHz"),
        live_block(demo_audio, 0, 29, began),
        State("lost", "unplugged"),
        State("retrying", "no such device"),
        Gap(90.0, "device"),
        State("connected", "48 kHz"),
        live_block(demo_audio, 32, 44, began + 119.0),
    ]
    kept = StoppingSink(lambda record: record.get("label") == "rain")
    log = heard(model, Said(items), kept=kept, stopping=kept.stopping)
    states = ["connected", "event", "lost", "retrying", "gap", "connected"]
    marked = [r for r in log if r["type"] in ("source", "gap") or r.get("closed_by") == "gap"]
    assert states == [record.get("state", record["type"]) for record in marked]
    assert ("chainsaw", 27.0, 29.0) == (marked[1]["label"], marked[1]["onset"], marked[1]["offset"])
    assert (29.0, 119.0, "device") == (marked[4]["onset"], marked[4]["offset"], marked[4]["reason"])
    assert (41.0, 90.0, 0.31298) == tuple(log[-2][name] for name in ("audio_seconds", "gap_seconds", "coverage"))
    (rain,) = (record for record in log if record.get("label") == "rain")
    assert 119.8 <= rain["onset"] <= 121.0
    heard_at = datetime.fromisoformat(rain["onset_utc"]).timestamp() - time.time() + time.monotonic()
    assert heard_at - began == pytest.approx(rain["onset"], abs=0.01)
    assert all("at_utc" in record for record in of_type(log, "source", "stats"))


def test_an_event_has_the_number_of_its_onset(model: Model, demo_audio: NDArray[np.float32]) -> None:
    """Each is told of once before, at the same time and under the same label."""
    log = heard(model, Played(demo_audio), onsets=True)
    told: dict[int, Record] = {}
    for record in of_type(log, "onset", "event"):
        if record["type"] == "onset":
            assert record["id"] not in told
            told[record["id"]] = record
        else:
            onset = told.pop(record["id"])
            assert (onset["label"], onset["onset"]) == (record["label"], record["onset"])
    assert {} == told
    assert of_type(heard(model, Played(demo_audio)), "event") != []


def test_sources_do_not_wait_for_each_other(model: Model, demo_audio: NDArray[np.float32]) -> None:
    """One fails, one cannot be opened, one is heard to its end: its log is what it is alone."""
    kept, silence = MemorySink(), np.zeros(0, dtype=np.float32)
    with pytest.raises(SourceError, match="2 of 3 sources failed: a, b; the reasons are above"):
        heard(
            model,
            Played(silence, end=SourceError("a is gone"), name="a"),
            Played(demo_audio[:160_000], end=SourceError("b is gone"), name="b"),
            Played(demo_audio, name="c"),
            kept=kept,
        )
    logs = {name: [record for record in kept.records if record["source"] == name] for name in "abc"}
    assert [] == logs["a"]
    assert ["error", "end"] == [logs[name][-1]["reason"] for name in "bc"]
    alone = of_type(heard(model, Played(demo_audio)), "event")
    assert [(r["label"], r["onset"]) for r in alone] == [(r["label"], r["onset"]) for r in of_type(logs["c"], "event")]


def test_the_failure_of_a_source_is_told_at_once(model: Model, caplog: pytest.LogCaptureFixture) -> None:
    """While another goes on, that is: it is stopped only then."""
    stopping, silence = threading.Event(), np.zeros(16_000, dtype=np.float32)

    def stop_once_told() -> None:
        until = time.monotonic() + 20.0
        while "a: it is gone" not in caplog.text and time.monotonic() < until:
            time.sleep(0.01)
        stopping.set()

    threading.Thread(target=stop_once_told, daemon=True).start()
    kept = MemorySink()
    with pytest.raises(SourceError, match="1 of 2 sources failed: a"):
        heard(
            model,
            Played(silence, end=SourceError("it is gone"), name="a"),
            Said([], name="b"),
            kept=kept,
            stopping=stopping,
        )
    assert "a: it is gone" in caplog.text
    assert ("b", "interrupted") == (kept.records[-1]["source"], kept.records[-1]["reason"])


def test_a_sink_that_fails_ends_everything(model: Model, demo_audio: NDArray[np.float32]) -> None:
    """With what it raised; no thread is left behind."""

    class Full(MemorySink):
        def write(self, record: Record) -> None:
            super().write(record)
            if record["type"] == "event":
                raise OSError("no space left")

    kept, before = Full(), threading.active_count()
    with pytest.raises(OSError, match="no space left"):
        heard(model, Played(demo_audio, name="a"), Said([], name="b"), kept=kept)
    assert "event" == kept.records[-1]["type"]
    assert before == threading.active_count()


def test_figures_come_as_often_as_asked_for(model: Model) -> None:
    """Also while a source is silent; what it misses counts at once."""
    began = time.monotonic() - 10.0
    items = [Block(np.zeros((80_000, 1), dtype=np.float32), 16_000, began), State("lost", "unplugged")]
    kept = StoppingSink(lambda _: len(of_type(kept.records, "stats")) == 3)
    log = of_type(heard(model, Said(items), kept=kept, stopping=kept.stopping, stats_every_seconds=0.2), "stats", "gap")
    assert ["stats", "stats", "stats", "gap", "stats"] == [record["type"] for record in log]
    assert [5.0] * 4 == [record["audio_seconds"] for record in of_type(log, "stats")]
    for before, after in itertools.pairwise(of_type(log, "stats")[:3]):
        assert after["recent_seconds"] == pytest.approx(after["gap_seconds"] - before["gap_seconds"], abs=0.002)
        assert 0.2 <= after["recent_seconds"] + 0.05
        assert 0.0 == after["recent_coverage"]
    assert 5.0 <= log[0]["gap_seconds"] <= log[-1]["gap_seconds"] == pytest.approx(log[3]["offset"] - 5.0, abs=0.002)


def test_a_file_at_its_own_pace_gives_the_events_of_the_file(model: Model) -> None:
    """With times of day, little lag, and nothing missed."""
    began = time.time()
    log = heard(model, Limited(FileSource(str(DEMO), realtime=True), 6.0), hop=0.25)
    took = time.time() - began
    expected = heard(model, Limited(FileSource(str(DEMO)), 6.0), hop=0.25)
    ours, theirs = ([(r["label"], r["onset"], r["offset"]) for r in of_type(each, "event")] for each in (log, expected))
    assert ours == theirs != []
    event = of_type(log, "event")[0]
    assert began <= datetime.fromisoformat(event["onset_utc"]).timestamp() - event["onset"] <= began + took - 6.0 + 0.01
    assert (6.0, 0.0) == (log[-2]["audio_seconds"], log[-2]["gap_seconds"])
    assert log[-2]["lag_seconds"] < 0.25


def test_no_thread_is_left_behind(model: Model, demo_audio: NDArray[np.float32]) -> None:
    """Of sources that ended, and of one that was stopped."""
    before = threading.active_count()
    kept = StoppingSink(lambda record: record["type"] == "stop")
    sources = [Played(demo_audio[:48_000], name=str(number)) for number in range(16)]
    heard(model, *sources, Said([], name="live"), kept=kept, stopping=kept.stopping)
    assert before == threading.active_count()
    assert {"interrupted"} == {r["reason"] for r in of_type(kept.records, "stop") if r["source"] == "live"}
