"""Labelled clips, read from folders in the layout of ESC-50.

    DIR/meta/esc50.csv     filename,fold,...
    DIR/meta/strong.tsv    filename onset offset event_label: where in each clip the event is
    DIR/audio/             the clips

A clip that no `strong.tsv` names is a distractor: a sound that is no event.
"""

import csv
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from edge.audio import read_audio
from edge.errors import SourceError
from sed.errors import DataError

_log = logging.getLogger(__name__)


class Sound(Protocol):
    """Audio `[samples]` that need not be in memory: a slice of it is an array."""

    def __len__(self) -> int: ...
    def __getitem__(self, part: slice, /) -> NDArray[np.float32]: ...


@dataclass(frozen=True, kw_only=True)
class Clip:
    """A recording with its labels.

    Attributes:
        path: where it came from.
        fold: of its data set; clips of one source recording share a fold.
        labels: of the events in it; none for a sound that is no event of ours.
        segments: (onset, offset, label) of the events in it, in samples, in order; None where they are unknown.
        pieces: (onset, offset) where its one label sounds; none unless it has exactly one.
        secondary: labels of events that may be in it, too.
        weight: of what is learnt from it.
        background: a bed to lay events over, rather than a sound of its own.
        audio: `[samples]`.
    """

    path: Path
    fold: int
    labels: tuple[str, ...]
    segments: tuple[tuple[int, int, str], ...] | None
    pieces: tuple[tuple[int, int], ...]
    secondary: tuple[str, ...] = ()
    weight: float = 1.0
    background: bool = False
    audio: Sound


@dataclass(frozen=True, order=True)
class Segment:
    """Where in a clip an event is: seconds, and its label."""

    onset: float
    offset: float
    label: str


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """Clips that are learnt from, or looked at.

    Attributes:
        labels: event labels, sorted.
        clips: all of them.
    """

    labels: tuple[str, ...]
    clips: tuple[Clip, ...]

    @property
    def events(self) -> tuple[Clip, ...]:
        """Clips of one label, known where in them: soundscapes are mixed from these."""
        return tuple(clip for clip in self.clips if clip.pieces)

    @property
    def recordings(self) -> tuple[Clip, ...]:
        """Clips with an event in them, known where or not."""
        return tuple(clip for clip in self.clips if clip.labels)

    @property
    def distractors(self) -> tuple[Clip, ...]:
        """Sounds that are no event."""
        return tuple(clip for clip in self.clips if not clip.labels and not clip.background)

    @property
    def backgrounds(self) -> tuple[Clip, ...]:
        """Beds to lay events over."""
        return tuple(clip for clip in self.clips if clip.background)

    def folds(self, folds: Iterable[int]) -> "Corpus":
        """The clips of these folds.

        Raises:
            DataError: if a label has no clip in them.
        """
        wanted = set(folds)
        clips = tuple(clip for clip in self.clips if clip.fold in wanted)
        lacking = sorted(set(self.labels) - {label for clip in clips for label in clip.labels})
        if lacking:
            raise DataError(f"folds {sorted(wanted)} hold no clip of {', '.join(lacking)}; choose other folds")
        return Corpus(labels=self.labels, clips=clips)


def load_corpus(folders: Sequence[Path], sample_rate: int) -> Corpus:
    """Read every clip of some folders into memory.

    Raises:
        DataError: if a folder lacks a file of the layout, a row is wrong, or no clip has an event.
    """
    clips: list[Clip] = []
    broken: list[str] = []
    for folder in folders:
        rows = read_table(folder / "meta" / "esc50.csv", ",", ("filename", "fold"))
        strong = folder / "meta" / "strong.tsv"
        segments = load_segments(strong) if strong.exists() else {}
        unknown = sorted(set(segments) - {row["filename"] for row in rows})
        if unknown:
            raise DataError(
                f"{strong}: names {unknown[0]!r}, which esc50.csv beside it does not; name each clip in both"
            )
        for row in tqdm(rows, desc=f"reading {folder}", unit="clip", disable=None):
            try:
                clips.append(_read_clip(folder, row, segments, sample_rate))
            except SourceError as exc:
                broken.append(str(exc))
    for line in broken:
        _log.warning("skipped: %s", line)
    labels = tuple(sorted({label for clip in clips for label in clip.labels}))
    if not labels:
        raise DataError(
            f"{', '.join(map(str, folders))}: no clip has an event; strong.tsv must name clips of esc50.csv"
        )
    return Corpus(labels=labels, clips=tuple(clips))


def _read_clip(folder: Path, row: dict[str, str], segments: dict[str, list[Segment]], sample_rate: int) -> Clip:
    path = folder / "audio" / row["filename"]
    audio = read_audio(path, sample_rate)
    found = segments.get(row["filename"], [])
    borders = [
        (round(segment.onset * sample_rate), min(round(segment.offset * sample_rate), len(audio))) for segment in found
    ]
    if any(onset >= offset for onset, offset in borders):
        raise DataError(f"{path}: strong.tsv places an event beyond its end, {len(audio) / sample_rate:.2f} s")
    return Clip(
        path=path,
        fold=_fold(row, folder),
        labels=(found[0].label,) if found else (),
        segments=tuple((onset, offset, found[0].label) for onset, offset in borders),
        pieces=tuple(borders),
        audio=audio,
    )


def _fold(row: dict[str, str], folder: Path) -> int:
    try:
        return int(row["fold"])
    except ValueError as exc:
        raise DataError(f"{folder}: {row['filename']}: fold must be a whole number, got {row['fold']!r}") from exc


def load_segments(path: Path) -> dict[str, list[Segment]]:
    """Read a strong TSV: the segments of each clip, in order.

    Raises:
        DataError: if it cannot be read, a time is wrong, or a clip has more than one label.
    """
    segments: dict[str, list[Segment]] = {}
    for row in read_table(path, "\t", ("filename", "onset", "offset", "event_label")):
        name = row["filename"]
        try:
            segment = Segment(float(row["onset"]), float(row["offset"]), row["event_label"])
        except ValueError as exc:
            raise DataError(f"{path}: {name}: onset and offset must be seconds ({exc})") from exc
        if not 0.0 <= segment.onset < segment.offset:
            raise DataError(f"{path}: {name}: 0 <= onset < offset must hold, got {segment.onset}, {segment.offset}")
        others = segments.setdefault(name, [])
        if others and others[0].label != segment.label:
            raise DataError(f"{path}: {name}: has the labels {others[0].label!r} and {segment.label!r}; expected one")
        others.append(segment)
    return {name: sorted(pieces) for name, pieces in segments.items()}


def read_table(path: Path, delimiter: str, columns: Sequence[str]) -> list[dict[str, str]]:
    """Read a table with a header.

    Raises:
        DataError: if it cannot be read, or lacks one of `columns`.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, delimiter=delimiter)
            missing = [column for column in columns if column not in (reader.fieldnames or ())]
            if missing:
                raise DataError(
                    f"{path}: lacks the column {', '.join(missing)}; its header must name {', '.join(columns)}"
                )
            rows = list(reader)
    except (UnicodeDecodeError, csv.Error) as exc:
        raise DataError(f"{path}: is no table in UTF-8 ({exc}); save it as UTF-8 text") from exc
    except OSError as exc:
        raise DataError(f"{path}: cannot be read ({exc.strerror}); give a folder in the layout of ESC-50") from exc
    for number, row in enumerate(rows, start=2):
        if any(row[column] is None for column in columns):
            raise DataError(f"{path}: line {number} is too short; expected {', '.join(columns)}")
    return rows
