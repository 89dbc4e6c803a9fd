import itertools
import json
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import edge.log.scores.sink
from edge.detection.decoder import Decoder
from edge.errors import SourceError
from edge.log.records import Record
from edge.log.scores.files import load_score_files
from edge.log.scores.sink import ScoreSink
from edge.log.sinks import FanOut, MemorySink
from edge.model.card import ClassDecoding
from edge.model.inference import Model
from edge.model.score_stream import window_of
from edge.session.replay import replay_scores
from edge.session.runtime import listen
from edge.sources.recorders import Start
from edge.sources.source import Block, Gap, Item, State
from tests.edge.log.scores.test_sink import need_pyarrow


class Played:
    """A source that says these items."""

    def __init__(self, items: Sequence[Item], name: str = "porch", live: bool = False) -> None:
        self._items, self.name, self.live = items, name, live

    def items(self, stopping: threading.Event) -> Iterator[Item]:  # noqa: ARG002
        yield from self._items


def blocks(audio: NDArray[np.float32], start: float, end: float, live: bool = False) -> list[Item]:
    """Seconds of the demo recording in blocks of an odd length; if live, as if heard until now."""
    begin, heard_at = round(start * 16_000), time.monotonic() - (end - start)
    cut = audio[begin : round(end * 16_000), None]
    return [
        Block(cut[at : at + 4321], 16_000, heard_at + at / 16_000 if live else None) for at in range(0, len(cut), 4321)
    ]


def strict(card_decoding: dict[str, ClassDecoding]) -> dict[str, ClassDecoding]:
    """Other settings than the card's, under which there are other events."""
    return {
        label: ClassDecoding(on=0.97, off=0.2, median_frames=1, shortest_frames=1, merge_frames=settings.merge_frames)
        for label, settings in card_decoding.items()
    }


def logs(
    model: Model,
    path: Path,
    sources: Sequence[Played],
    report: list[str] | None = None,
    onsets: bool = False,
    started_at: datetime | None = None,
) -> tuple[list[Record], list[Record]]:
    """What a run with strict settings logs, and what a replay of its scores with the same settings does."""
    card, direct, replayed = model.card, MemorySink(), MemorySink()

    def decoder() -> Decoder:
        return Decoder(card.labels, strict(card.decoding), report)

    scores = ScoreSink(path, card)
    listen(
        sources,
        model,
        window_of(card),
        decoder,
        FanOut([scores, direct]),
        stopping=threading.Event(),
        onsets=onsets,
        starts=None
        if started_at is None
        else {source.name: Start(started_at, "option", "written") for source in sources},
        scores=scores,
    )
    scores.close()
    replay_scores(load_score_files(path), card, decoder, replayed, onsets=onsets)
    return direct.records, replayed.records


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if every 10 s of sound filled a piece."""
    monkeypatch.setattr(edge.log.scores.sink, "_FILE_BYTES", 8_000)


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("suffix", [".npz", ".parquet"])
@pytest.mark.parametrize("onsets", [False, True])
def test_a_replay_is_the_log(
    model: Model, demo_audio: NDArray[np.float32], tmp_path: Path, suffix: str, onsets: bool
) -> None:
    """Of a file with a damaged second, a long hole and a beginning: ids, times of day, gaps and figures included."""
    if suffix == ".parquet":
        need_pyarrow()
    items = [
        *blocks(demo_audio, 0, 21.7),
        Gap(0.4, "decode"),
        *blocks(demo_audio, 22.1, 30.05),
        Gap(5.0, "decode"),
        *blocks(demo_audio, 35.05, 56),
    ]
    began = datetime(2026, 5, 1, 4, 30, 0, 123_456, tzinfo=UTC)
    path = tmp_path / f"a{suffix}"
    direct, replayed = logs(model, path, [Played(items)], onsets=onsets, started_at=began)
    assert direct == replayed
    types = {record["type"] for record in direct}
    assert {"start", "event", "gap", "stats", "stop"} | ({"onset"} if onsets else set()) == types
    assert "gap" in {record.get("closed_by") for record in direct}
    assert len(list(tmp_path.iterdir())) > 3


@pytest.mark.usefixtures("small_pieces")
def test_a_replay_of_several_live_sources_is_the_log(
    model: Model, demo_audio: NDArray[np.float32], tmp_path: Path
) -> None:
    """In the order, and under the numbers, in which they came; times of day follow the clock of each."""
    porch = [
        State("connected", "a"),
        *blocks(demo_audio, 0, 15, live=True),
        State("lost", "b"),
        State("connected", "c"),
        Gap(2.345, "reconnect"),
        *blocks(demo_audio, 20, 35, live=True),
    ]
    sources = [
        Played(porch, live=True),
        Played(blocks(demo_audio, 3, 44, live=True), "barn", live=True),
        Played(blocks(demo_audio, 0, 56), "file"),
    ]
    direct, replayed = logs(model, tmp_path / "a.npz", sources, report=["dog", "rooster", "clock_tick"], onsets=True)
    assert direct == replayed
    assert {"porch", "barn", "file"} == {record["source"] for record in direct if record["type"] == "event"}
    assert any("onset_utc" in record for record in direct)


def test_runs_after_each_other_each_number_their_events(
    model: Model, demo_audio: NDArray[np.float32], tmp_path: Path
) -> None:
    """A second run goes on with the files of the first; a run that was killed has no end."""
    sources = [Played(blocks(demo_audio, 0, 15))]
    first, _ = logs(model, tmp_path / "a.npz", sources)
    second, both = logs(model, tmp_path / "a.npz", sources)
    assert [*first, *second] == both
    assert ["a.000001.npz", "a.000002.npz"] == sorted(file.name for file in tmp_path.iterdir())


def test_scores_that_are_missing_are_a_gap(
    model: Model, demo_audio: NDArray[np.float32], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that was full for long: nothing bridges what it cost, and the log says how long that is."""
    monkeypatch.setattr(edge.log.scores.sink, "_FILE_BYTES", 8_000)
    monkeypatch.setattr(edge.log.scores.sink, "_MOST_BYTES", 16_000)
    monkeypatch.setattr(edge.log.scores.sink, "_RETRY_SECONDS", 0.0)
    real, tries = edge.log.scores.sink.save_score_file, itertools.count()

    def full_for_a_while(piece: object, path: Path) -> None:
        if 1 <= next(tries) < 30:
            raise OSError(28, "No space left on device")
        real(piece, path)  # type: ignore[arg-type]  # it is a piece

    monkeypatch.setattr(edge.log.scores.sink, "save_score_file", full_for_a_while)
    direct, replayed = logs(model, tmp_path / "a.npz", [Played(blocks(demo_audio, 0, 56))])
    gaps = [record for record in replayed if record["type"] == "gap"]
    assert {"scores"} == {gap["reason"] for gap in gaps}
    for event in (record for record in replayed if record["type"] == "event"):
        assert all(event["offset"] <= gap["onset"] or event["onset"] >= gap["offset"] for gap in gaps)
    assert [record["type"] for record in direct][-2:] == [record["type"] for record in replayed][-2:]


@pytest.mark.parametrize(
    "wrong",
    [
        {"record": {"type": "gap", "source": "porch", "onset": 1.0}},
        {"record": {"type": "event", "source": "porch"}},
        {"record": {"type": "stats", "source": "porch", "audio_seconds": float("inf")}},
        {"record": {"type": "stop", "source": "\ud800", "reason": "end"}},
        {"source": "porch", "first_frame": 0, "pushes": [-20], "closed_by": None, "heard_samples": 0, "began_at": None},
        {"source": "porch", "first_frame": 0, "pushes": [], "closed_by": "end", "heard_samples": 0, "began_at": "noon"},
        {"missing": {"porch": [0, 10**400]}},
        {"source": "porch"},
        [],
    ],
)
def test_entries_that_no_run_leaves_are_refused(model: Model, tmp_path: Path, wrong: object) -> None:
    """By the name of their file, before anything is replayed."""
    arrays = {"scores": np.zeros((0, len(model.card.labels)), dtype=np.float32), "lost": np.zeros(0, dtype=bool)}
    for name, entries in (("good.npz", [{"begin": True}]), ("bad.npz", [{"begin": True}, wrong])):
        np.savez(tmp_path / name, card=model.card.to_json(), entries=json.dumps(entries), **arrays)
    assert 1 == len(list(load_score_files(tmp_path / "good.npz")))
    with pytest.raises(SourceError, match=r"bad\.npz: holds no scores that can be read"):
        list(load_score_files(tmp_path / "bad.npz"))


def test_scores_that_are_no_probabilities_are_refused(model: Model, tmp_path: Path) -> None:
    """Nobody's decoder gives events for them."""
    entry = {
        "source": "a",
        "first_frame": 0,
        "pushes": [3],
        "closed_by": "end",
        "heard_samples": 2400,
        "began_at": None,
    }
    for value in (np.float32(1.5), np.float32(np.inf), np.float64(0.5)):
        scores = np.full((3, len(model.card.labels)), value)
        lost = np.zeros(3, dtype=bool)
        np.savez(tmp_path / "a.npz", scores=scores, lost=lost, card=model.card.to_json(), entries=json.dumps([entry]))
        with pytest.raises(SourceError, match="holds no scores that can be read"):
            list(load_score_files(tmp_path / "a.npz"))


def test_what_cannot_be_replayed_is_an_error(model: Model, tmp_path: Path) -> None:
    """No such file, no file of ours, nothing like it."""
    (tmp_path / "a.npz").write_bytes(b"no zip")
    np.savez(tmp_path / "b.npz", scores=np.zeros(3))
    for name, message in (
        ("a.npz", "holds no scores that can be read"),
        ("b.npz", "holds no scores that can be read"),
        ("c.npz", "no such scores, nor c.000001.npz"),
        ("d.wav", "holds no scores"),
    ):
        with pytest.raises(SourceError, match=message):
            replay_scores(
                load_score_files(tmp_path / name), model.card, lambda: Decoder(["a"], {}), MemorySink(), onsets=False
            )
