import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.decoder import Decoder
from edge.errors import SourceError
from edge.inference import Model
from edge.records import Record
from edge.runtime import listen
from edge.sinks import KeepingSink
from edge.sources import Block
from edge.stream import window_of


class Played:
    """A source that plays an array in pieces, and may fail or be stopped at its end."""

    name = "played"

    def __init__(self, audio: NDArray[np.float32], piece: int = 16_000, end: Exception | threading.Event | None = None):
        self._audio, self._piece, self._end = audio, piece, end

    def blocks(self) -> Iterator[Block]:
        for start in range(0, len(self._audio), self._piece):
            yield Block(self._audio[start : start + self._piece, None], 16_000)
        if isinstance(self._end, Exception):
            raise self._end
        if self._end is not None:
            self._end.set()
            threading.Event().wait()  # as a stream that never ends


def heard(
    model: Model,
    source: Played,
    started_at: datetime | None = None,
    stopping: threading.Event | None = None,
    kept: KeepingSink | None = None,
) -> list[Record]:
    """The log of a source."""
    kept = KeepingSink() if kept is None else kept
    listen(
        source,
        model,
        window_of(model.card),
        Decoder(model.card.labels, model.card.decoding),
        kept,
        started_at=started_at,
        stopping=threading.Event() if stopping is None else stopping,
    )
    return kept.records


def test_a_log_has_a_beginning_and_an_end(model: Model, demo_audio: NDArray[np.float32]) -> None:
    """Start, events by number, stats, stop."""
    log = heard(model, Played(demo_audio))
    assert ["start", "stats", "stop"] == [log[0]["type"], log[-2]["type"], log[-1]["type"]]
    events = log[1:-2]
    assert [*range(1, len(events) + 1)] == [event["id"] for event in events if event["type"] == "event"]
    assert sum(log[-2]["events"].values()) == len(events) > 0
    assert {"type": "stop", "reason": "end"} == log[-1]


def test_a_file_has_no_time_of_day(model: Model, demo_audio: NDArray[np.float32]) -> None:
    """Unless somebody says when it began."""
    log = heard(model, Played(demo_audio[:160_000]))
    assert not any(key.endswith("utc") or key == "started_at" for record in log for key in record)


def test_times_of_day_follow_the_sample_clock(model: Model, demo_audio: NDArray[np.float32]) -> None:
    """onset_utc is the beginning plus the onset."""
    log = heard(model, Played(demo_audio), started_at=datetime(2026, 5, 1, 23, 59, 59, tzinfo=UTC))
    assert "2026-05-01T23:59:59.000Z" == log[0]["started_at"]
    for event in log[1:-2]:
        seconds = (
            datetime.fromisoformat(event["onset_utc"]) - datetime.fromisoformat(log[0]["started_at"])
        ).total_seconds()
        assert event["onset"] == pytest.approx(seconds, abs=0.002)


def test_a_source_that_cannot_be_opened_leaves_no_log(model: Model) -> None:
    """Nothing half-written."""
    kept = KeepingSink()
    source = Played(np.zeros(0, dtype=np.float32), end=SourceError("gone"))
    with pytest.raises(SourceError, match="gone"):
        heard(model, source, kept=kept)
    assert [] == kept.records


def test_a_source_that_fails_later_has_its_events_closed(model: Model, demo_audio: NDArray[np.float32]) -> None:
    """What was heard is not lost, and the log ends with the reason."""
    kept = KeepingSink()
    with pytest.raises(SourceError, match="gone"):
        heard(model, Played(demo_audio, end=SourceError("gone")), kept=kept)
    assert heard(model, Played(demo_audio))[:-2] == kept.records[:-2]
    assert {"type": "stop", "reason": "error"} == kept.records[-1]


def test_stopping_ends_a_source_that_blocks(model: Model, demo_audio: NDArray[np.float32]) -> None:
    """What was heard is logged, and the log says that it was interrupted."""
    stopping = threading.Event()
    log = heard(model, Played(demo_audio[: 30 * 16_000], end=stopping), stopping=stopping)
    assert ["start", "stats", "stop"] == [record["type"] for record in log if record["type"] != "event"]
    assert {"type": "stop", "reason": "interrupted"} == log[-1]


def test_a_source_that_breaks_down_does_not_hang(model: Model) -> None:
    """Whatever goes wrong in its thread is raised where somebody sees it."""
    with pytest.raises(RuntimeError, match="a mistake of ours"):
        heard(model, Played(np.zeros(16_000, dtype=np.float32), end=RuntimeError("a mistake of ours")))


def test_what_was_lost_is_written_down(model: Model, demo_audio: NDArray[np.float32]) -> None:
    """A gap with its borders and its reason, and what it leaves of the time."""

    class Damaged(Played):
        def blocks(self) -> Iterator[Block]:
            yield Block(demo_audio[:48_000, None], 16_000)
            yield Block(np.zeros((16_000, 1), dtype=np.float32), 16_000, lost=True)
            yield Block(demo_audio[64_000:160_000, None], 16_000)

    log = heard(model, Damaged(demo_audio))
    assert [{"type": "gap", "onset": 3.0, "offset": 4.0, "reason": "decode"}] == [r for r in log if r["type"] == "gap"]
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
        def blocks(self) -> Iterator[Block]:
            up = soxr.resample(demo_audio, 16_000, 48_000)
            yield Block(np.stack([up, up], axis=1), 48_000)

    sure, found = (
        [(r["label"], r["onset"]) for r in heard(model, source) if r["type"] == "event" and r["confidence"] > least]
        for source, least in ((Played(demo_audio), 0.95), (Faster(demo_audio), 0.0))
    )
    assert len(sure) >= 5
    for label, onset in sure:
        assert any(label == other and abs(onset - begin) <= 0.3 for other, begin in found), (label, onset, found)
