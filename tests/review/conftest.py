"""Clips as sed-stream saves them, of a dog and a rooster on several days."""

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from edge.detection.event_stream import FrameScores
from edge.log.scores.sink import DecoderInput, ScoreSink
from edge.model.card import ClassDecoding
from edge.model.inference import Model
from edge.outputs.clips.files import Moment, clip_path, description, encode, save
from edge.outputs.clips.recall import Cut

RATE = 16000
DECODING = ClassDecoding(on=0.5, off=0.3, median_frames=3, shortest_frames=2, merge_frames=4)
MakeClip = Callable[..., Path]


def save_clip(
    folder: Path,
    *,
    at: float | None = 0.0,
    label: str = "dog",
    score: float = 0.6,
    kind: str = "event",
    day: int = 1,
    source: str = "porch",
    seconds: float = 1.0,
    onset: float = 100.0,
) -> Path:
    """Save one clip, of an event so many seconds after noon on that day of May, with a second before and after it.

    Without `at`, the time of day is not known, and the event begins at `onset` of its source.
    """
    onset = onset if at is None else at
    moment_at = None if at is None else datetime(2026, 5, day, 12, tzinfo=UTC) + timedelta(seconds=at)
    fields = {"id": 7} if kind == "event" else {}
    moment = Moment(source, label, onset, onset + seconds, score, moment_at, kind, fields)
    times = np.arange(round((seconds + 2) * RATE)) / RATE
    samples = (0.1 * np.sin(2 * np.pi * 440 * times)).astype(np.float32)[:, None]
    cut = Cut(samples, RATE, onset - 1.0, [])
    path = clip_path(folder, moment, "flac")
    described = description(path, moment, cut, asdict(DECODING)) | {"model": "tiny-1"}
    save(path, encode(samples, RATE, "flac"), described, None)
    return path


@pytest.fixture
def make_clip(tmp_path: Path) -> MakeClip:
    """Saves a clip in the folder `clips`."""

    def make(**given: object) -> Path:
        return save_clip(tmp_path / "clips", **given)  # type: ignore[arg-type]

    return make


@pytest.fixture
def kept_scores(tmp_path: Path, model: Model) -> Path:
    """Scores of twenty seconds around noon on the first of May, in two files; a dog's is a thousandth of the frame."""
    card = replace(model.card, model_id="tiny-1")
    sink = ScoreSink(tmp_path / "scores.npz", card)
    for first in (0, 200):
        scores = np.zeros((200, len(card.labels)), dtype=np.float32)
        scores[:, card.labels.index("dog")] = np.arange(first, first + 200) / 1000
        scores[:, card.labels.index("rooster")] = 0.9
        pushes = [FrameScores(first, scores, np.arange(first, first + 200) == 190)]
        began_at = datetime(2026, 5, 1, 11, 59, 50, tzinfo=UTC)
        sink.take("porch", DecoderInput(pushes, None, 800 * (first + 200), began_at))
        sink.close()
    return tmp_path / "scores.npz"
