"""Frame scores that `sed-stream --scores` kept while clips were saved: what the model gave during a clip."""

import functools
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.log.scores import Entry, ScoreFile, find_score_files, load_score_files
from edge.model import Card
from review.store.clips import Clip

_FILES_AT_HAND = 4
_MOST_LABELS = 3
_LEAST_PEAK = 0.1  # of a label beside the clip's
_Spans = dict[tuple[str, bool], tuple[float, float]]


class Ribbon(NamedTuple):
    """The scores of one label during a clip.

    Attributes:
        label: event label.
        on: threshold from which events begin.
        off: threshold below which they end.
        scores: `[frames]`, NaN where the sound was lost.
    """

    label: str
    on: float
    off: float
    scores: NDArray[np.float32]


class ClipScores(NamedTuple):
    """What the model gave during a clip.

    Attributes:
        seconds: the middle of each frame, within the clip; `[frames]`.
        ribbons: of the clip's label, then of the highest others.
    """

    seconds: NDArray[np.float64]
    ribbons: list[Ribbon]


class _Part(NamedTuple):
    seconds: NDArray[np.float64]  # the middle of each frame, within the clip
    scores: NDArray[np.float32]  # [frames, classes], NaN where the sound was lost


class KeptScores:
    """Files of frame scores.

    Args:
        paths: what `sed-stream --scores` was given.

    Raises:
        SourceError: if there are no such files, or one cannot be read.
    """

    def __init__(self, paths: Sequence[Path] = ()) -> None:
        self._paths = paths
        self._spans: dict[Path, _Spans] = {}
        self.find_files()

    def find_files(self) -> None:
        """Look for files that were written since.

        Raises:
            SourceError: as above.
        """
        for file in (file for path in self._paths for file in find_score_files(path)):
            if file not in self._spans:
                self._spans[file] = _spans(_load(file))

    def of(self, clip: Clip) -> ClipScores | None:
        """The scores during a clip, by the model that reported it; None if there are none.

        Raises:
            SourceError: if a file cannot be read any more.
        """
        parts: list[_Part] = []
        begin, end = clip.begin_seconds, clip.begin_seconds + clip.seconds
        for file, spans in reversed(list(self._spans.items())):
            first, last = spans.get((clip.source, clip.begin_at is not None), (end, begin))
            if first >= end or begin >= last:
                continue
            content = _load(file)
            if (content.card.model_id, clip.label in content.card.labels) == (clip.model, True):
                parts[:0] = _parts(clip, content)
                card = content.card
            if parts and "begin" in content.entries[0]:
                break  # what came before is of another run, whose seconds are others
        return _clip_scores(clip, card, parts) if parts else None


def _clip_scores(clip: Clip, card: Card, parts: Sequence[_Part]) -> ClipScores:
    scores = np.concatenate([part.scores for part in parts])
    peaks = np.nan_to_num(scores).max(axis=0)
    peaks[card.labels.index(clip.label)] = np.inf  # the first of all
    shown = [int(column) for column in np.argsort(-peaks)[:_MOST_LABELS] if peaks[column] >= _LEAST_PEAK]
    settings = {**card.decoding, clip.label: clip.decoding}
    ribbons = [
        Ribbon(label, settings[label].on, settings[label].off, scores[:, column])
        for label, column in ((card.labels[column], column) for column in shown)
    ]
    return ClipScores(np.concatenate([part.seconds for part in parts]), ribbons)


def _parts(clip: Clip, content: ScoreFile) -> Iterator[_Part]:
    """What a file has of a clip."""
    for entry, frames in content.parts():
        count = frames.stop - frames.start
        seconds = _begin(entry, content) + (np.arange(count) + 0.5) * content.card.frame_seconds - clip.begin_seconds
        inside = (seconds >= 0) & (seconds < clip.seconds)
        if _key(entry) == (clip.source, clip.begin_at is not None) and inside.any():
            scores = np.where(content.lost[frames, None], np.float32(np.nan), content.scores[frames])
            yield _Part(seconds[inside], scores[inside])


@functools.lru_cache(_FILES_AT_HAND)
def _load(file: Path) -> ScoreFile:
    return next(load_score_files(file))


def _spans(content: ScoreFile) -> _Spans:
    """Source, and whether its time of day is known -> when its scores begin and end, as `Clip.begin_seconds`."""
    spans: _Spans = {}
    for entry, part in content.parts():
        begin = _begin(entry, content)
        end = begin + (part.stop - part.start) * content.card.frame_seconds
        first, last = spans.get(_key(entry), (begin, end))
        spans[_key(entry)] = min(first, begin), max(last, end)
    return spans


def _key(entry: Entry) -> tuple[str, bool]:
    return entry["source"], entry["began_at"] is not None


def _begin(entry: Entry, content: ScoreFile) -> float:
    """When the scores of an entry begin: since 1970 if that is known, else since the source began."""
    began = 0.0 if entry["began_at"] is None else datetime.fromisoformat(entry["began_at"]).timestamp()
    return began + float(entry["first_frame"]) * content.card.frame_seconds
