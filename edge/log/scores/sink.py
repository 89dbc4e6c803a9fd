"""Keeps the frame scores of a run without its sound, so that they can be decoded again with other settings.

event stream ──scores──> decoder ──events──> log
                 └─────────> ScoreSink <─────┘ the other records: start, gap, source, stats, stop

A file is written every five minutes, or sooner where sound is processed faster than real time. This bounds what a crash
loses and the memory in use. The entries of a file, in order:

| entry                                                          | means                                              |
|----------------------------------------------------------------|----------------------------------------------------|
| begin                                                          | a run of sed-stream begins; events count from 1    |
| record                                                         | a record of the log that no threshold changes      |
| source, first_frame, pushes, closed_by, heard_samples, began_at| what one call of an event stream pushed           |
| missing                                                        | source -> [first, end) of frames without scores    |
"""

import logging
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from edge.detection import FrameScores
from edge.log.records import Record
from edge.log.scores.entries import Entry
from edge.log.scores.files import ScoreFile, check_path, next_path, save_score_file
from edge.model import Card, Floats

_log = logging.getLogger(__name__)

_FILE_SECONDS = 300.0  # of real time
_FILE_BYTES = 8 << 20  # of scores
_MOST_BYTES = 4 * _FILE_BYTES  # kept in memory while the disk is full
_RETRY_SECONDS = 10.0


class DecoderInput(NamedTuple):
    """What one call of an event stream pushed to its decoder.

    Attributes:
        scores: one item a push, of consecutive frames.
        closed_by: `gap` or `end` where the decoder was flushed after them, else None.
        heard_samples: end of the source's sound so far, in samples at the model's rate.
        began_at: when the source's first sample was heard, in UTC, as far as is known now.
    """

    scores: Sequence[FrameScores]
    closed_by: str | None
    heard_samples: int
    began_at: datetime | None


class ScoreReceiver(Protocol):
    """Receives the scores of several sources."""

    def take(self, source: str, heard: DecoderInput) -> None:
        """Take what one call pushed to the decoder of the source of that name."""


class ScoreSink:
    """Keeps scores, and the records of the log that belong to them, in numbered files.

    Args:
        path: name of the files without their numbers; ends in `.npz` or `.parquet`.
        card: of the model.

    Raises:
        ModuleNotFoundError: if pyarrow, which writes Parquet, is missing.
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

    def take(self, source: str, heard: DecoderInput) -> None:
        """See `ScoreReceiver.take`."""
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
        self._due_at = time.monotonic() + _FILE_SECONDS

    def _save_if_due(self) -> None:
        """If the disk is full, warn once and try again later."""
        if self._bytes < _FILE_BYTES and time.monotonic() < self._due_at:
            return
        if self._failing and time.monotonic() < self._due_at and self._bytes < _MOST_BYTES:
            return
        try:
            self._save()
        except OSError as exc:
            if not self._failing:
                _log.warning("%s: %s; continues, and keeps scores in memory", self._path, exc.strerror or exc)
            self._failing = True
            if self._bytes >= _MOST_BYTES:
                self._drop()
            self._due_at = time.monotonic() + _RETRY_SECONDS
        else:
            if self._failing:
                _log.warning("%s: is written again", self._path)
            self._failing = False

    def _save(self) -> None:
        content = ScoreFile(self._card, self._entries, np.concatenate(self._scores), np.concatenate(self._lost))
        save_score_file(content, next_path(self._path))
        self._entries = []
        self._empty()

    def _drop(self) -> None:
        """Drop the scores in memory; keep the records, and note which frames are missing."""
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
