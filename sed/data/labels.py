"""What a data folder says of one of its files, and the tables of events with onset and offset."""

import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from edge.sources import AUDIO_SUFFIXES
from sed.data.tables import read_table
from sed.errors import DataError

_MOST_SECONDS = 1e9  # 30 years

Annotation = tuple[float, float, str]  # onset and offset in seconds, event label
Annotations = Mapping[str, Sequence[Annotation]]  # by recording


class Segment(NamedTuple):
    """An event of a file: onset and offset in seconds, and its label. An annotation with named fields."""

    onset: float
    offset: float
    label: str


@dataclass(frozen=True, kw_only=True)
class LabelledFile:
    """An audio file that has not been opened yet.

    Attributes:
        path: where it is, or should be.
        fold: its number in the data set; None: the layout has no folds.
        labels: the classes of its events, sorted; empty: it has no event.
        segments: its events, in order; None: not known (weak labels). Empty for a file without events.
        secondary: labels that may be in it too; they are masked from the loss.
        weight: of its loss.
        background: whether it is background noise that events are mixed over, rather than a sound of its own.
        predicted: whether its labels come with a program's confidences, so that they may be predictions, not truth.
    """

    path: Path
    fold: int | None
    labels: tuple[str, ...]
    segments: tuple[Segment, ...] | None
    secondary: tuple[str, ...] = ()
    weight: float = 1.0
    background: bool = False
    predicted: bool = False


def normalise_name(text: str) -> str:
    """The name without space around it and in Unicode form NFC: letters with accents are one character."""
    return unicodedata.normalize("NFC", text.strip())


def strong_file(path: Path, fold: int | None, segments: list[Segment]) -> LabelledFile:
    """A strongly labelled file: the onset and offset of each event are known."""
    labels = tuple(sorted({segment.label for segment in segments}))
    return LabelledFile(path=path, fold=fold, labels=labels, segments=tuple(sorted(segments)))


def event_free_file(path: Path, background: bool = False) -> LabelledFile:
    """A file without events."""
    return LabelledFile(path=path, fold=None, labels=(), segments=(), background=background)


def audio_in(folder: Path, pattern: str = "*") -> list[Path]:
    """The audio files of a folder by their suffix, in order; hidden files and folders are left out."""
    found = (path for path in folder.glob(pattern) if path.suffix.lower() in AUDIO_SUFFIXES)
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def read_strong_table(path: Path, key: str = "filename") -> dict[str, list[Segment]]:
    """Read a TSV of strong labels.

    A row without onset, offset and label names a file without events.

    Args:
        path: of the table.
        key: the column with the files' names; "" if the table is about one file, which is then called "".

    Returns:
        The segments of each file, in order.

    Raises:
        DataError: if it cannot be read, or a time is wrong.
    """
    times = ("onset", "offset", "event_label")
    segments: dict[str, list[Segment]] = {}
    for row in read_table(path, "\t", (key, *times) if key else times):
        name = row[key] if key else ""
        of_file = segments.setdefault(name, [])
        if any(row[column].strip() for column in times):
            where = f"{path}: {name}" if key else str(path)
            of_file.append(parse_segment(row["onset"], row["offset"], normalise_name(row["event_label"]), where))
    return {name: sorted(of_file) for name, of_file in segments.items()}


def parse_segment(onset: str, offset: str, label: str, where: str) -> Segment:
    """Build a segment from the fields of a table's row; an error names the row by `where`.

    Raises:
        DataError: if a time is wrong or there is no label.
    """
    try:
        segment = Segment(float(onset), float(offset), label)
    except ValueError as exc:
        raise DataError(f"{where}: onset and offset must be seconds ({exc})") from exc
    if not 0.0 <= segment.onset < segment.offset < math.inf:
        raise DataError(f"{where}: 0 <= onset < offset must hold, got {segment.onset}, {segment.offset}")
    if segment.offset > _MOST_SECONDS:
        raise DataError(f"{where}: an event cannot end after {segment.offset:g} s; times must be seconds")
    if not label:
        raise DataError(f"{where}: the event at {segment.onset} s has no event_label; give it one")
    return segment
