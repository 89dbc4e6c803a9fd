"""Frame scores of a run, kept without its sound: whoever decodes them again gets the log, with other settings.

    listener ──scores──> decoder ──events──> log
                 └─────────> ScoreSink <─────┘ what else it says: start, gap, source, stats, stop

A piece is written every five minutes, or sooner where a file is heard faster than it plays: so much a crash costs, and
so much memory there is. Its entries, in order:

| entry                                                          | means                                              |
|----------------------------------------------------------------|----------------------------------------------------|
| begin                                                          | a run of sed-stream begins: numbers of events too  |
| record                                                         | a line of the log, of those that no threshold moves|
| source, first_frame, pushes, closed_by, heard_samples, began_at| what one call of a listener gave to its decoder    |
| missing                                                        | source -> frames, from and to, without their scores|
"""

import logging
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from edge.detection import Scores
from edge.log import Record
from edge.model import Card, Floats
from edge.scores.entries import Entry
from edge.scores.files import Piece, check_path, next_path, save_piece

_log = logging.getLogger(__name__)

_PIECE_SECONDS = 300.0  # of the clock on the wall
_PIECE_BYTES = 8 << 20  # of scores
_MOST_BYTES = 4 * _PIECE_BYTES  # that wait for room
_RETRY_SECONDS = 10.0


class Heard(NamedTuple):
    """What one call of a listener gave to its decoder.

    Attributes:
        scores: of one push each, without a hole between them.
        closed_by: `gap` or `end` where the decoder was flushed after them, else None.
        heard_samples: where the source's sound ends.
        began_at: when the source's first sample was heard, in UTC, as far as that is known now.
    """

    scores: Sequence[Scores]
    closed_by: str | None
    heard_samples: int
    began_at: datetime | None


class ScoreTaker(Protocol):
    """Gets the scores of several sources."""

    def take(self, source: str, heard: Heard) -> None:
        """Take what one call gave to the decoder of the source of that name."""


class ScoreSink:
    """Keeps scores in numbered files, and of the log what belongs to them.

    Args:
        path: what the files are called but for their numbers; `.npz` or `.parquet`.
        card: of the model.

    Raises:
        ModuleNotFoundError: if what writes Parquet is missing.
        OSError: if its folder is missing or cannot be written.
        SettingError: if its suffix is not one of ours.
    """

    def __init__(self, path: Path, card: Card) -> None:
        check_path(path)
        self._path, self._card = path, card
        self._failing = False
        self._entries: list[Entry] = [{"begin": True}]
        self._empty()

    def write(self, record: Record) -> None:
        """See `Sink.write`."""
        if record["type"] not in ("onset", "event"):
            self._entries.append({"record": record})
            self._save_if_due()

    def take(self, source: str, heard: Heard) -> None:
        """See `ScoreTaker.take`."""
        scores = heard.scores
        self._entries.append(
            {
                "source": source,
                "first_frame": scores[0].first_frame if scores else 0,
                "pushes": [len(push.scores) for push in scores],
                "closed_by": heard.closed_by,
                "heard_samples": heard.heard_samples,
                "began_at": None if heard.began_at is None else heard.began_at.isoformat(),
            }
        )
        self._scores += [push.scores for push in scores]
        self._lost += [push.lost for push in scores]
        self._bytes += sum(push.scores.nbytes for push in scores)
        self._save_if_due()

    def close(self) -> None:
        """Write what is left.

        Raises:
            OSError: if it cannot be written.
        """
        if not self._entries:
            return
        try:
            self._save()
        except OSError as exc:
            raise OSError(exc.errno, f"{exc.strerror}; the last scores could not be written", str(self._path)) from exc

    def _empty(self) -> None:
        classes = len(self._card.labels)
        self._scores: list[Floats] = [np.zeros((0, classes), dtype=np.float32)]
        self._lost: list[NDArray[np.bool_]] = [np.zeros(0, dtype=bool)]
        self._bytes = 0
        self._due_at = time.monotonic() + _PIECE_SECONDS

    def _save_if_due(self) -> None:
        """A disk that is full is told of once, and tried again."""
        if self._bytes < _PIECE_BYTES and time.monotonic() < self._due_at:
            return
        if self._failing and time.monotonic() < self._due_at and self._bytes < _MOST_BYTES:
            return
        try:
            self._save()
        except OSError as exc:
            if not self._failing:
                _log.warning("%s: %s; goes on, and keeps scores until there is room", self._path, exc.strerror or exc)
            self._failing = True
            if self._bytes >= _MOST_BYTES:
                self._drop()
            self._due_at = time.monotonic() + _RETRY_SECONDS
        else:
            if self._failing:
                _log.warning("%s: is written again", self._path)
            self._failing = False

    def _save(self) -> None:
        piece = Piece(self._card, self._entries, np.concatenate(self._scores), np.concatenate(self._lost))
        save_piece(piece, next_path(self._path))
        self._entries = []
        self._empty()

    def _drop(self) -> None:
        """Forget the scores that wait, but neither that they were there nor what else the log said."""
        missing: dict[str, list[int]] = {}
        kept = []
        for entry in self._entries:
            spans = entry.get("missing", {})
            if entry.get("pushes"):
                spans = {entry["source"]: [entry["first_frame"], entry["first_frame"] + sum(entry["pushes"])]}
            for source, (first, end) in spans.items():
                missing.setdefault(source, [first, end])[1] = end
            if "begin" in entry or "record" in entry:
                kept.append(entry)
        _log.warning("%s: scores of %d frames were lost", self._path, sum(map(len, self._scores)))
        self._entries = [*kept, {"missing": missing}]
        self._empty()
