"""What a data folder says of one of its files, and the tables that say where events are."""

import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from edge.sources import AUDIO_SUFFIXES
from sed.data.tables import read_table
from sed.errors import DataError

Annotation = tuple[float, float, str]  # onset and offset in seconds, event label
Annotations = Mapping[str, Sequence[Annotation]]  # by recording


class Segment(NamedTuple):
    """Where in a file an event is: seconds, and its label. An annotation with names."""

    onset: float
    offset: float
    label: str


@dataclass(frozen=True, kw_only=True)
class LabelledFile:
    """An audio file that has not been opened yet.

    Attributes:
        path: where it is, or should be.
        fold: of its data set; None: the layout has none.
        labels: what is in it, sorted; empty: it holds no event.
        segments: where, in order; None: not known. Empty of a file without events.
        secondary: what may be in it, too: to be masked from the loss.
        weight: of its loss.
        background: a bed to lay events over rather than a sound of its own.
    """

    path: Path
    fold: int | None
    labels: tuple[str, ...]
    segments: tuple[Segment, ...] | None
    secondary: tuple[str, ...] = ()
    weight: float = 1.0
    background: bool = False


def as_label(text: str) -> str:
    """A name in one form, whatever typed it: without space around it, letters with accents as one character (NFC)."""
    return unicodedata.normalize("NFC", text.strip())


def strong_file(path: Path, fold: int | None, segments: list[Segment]) -> LabelledFile:
    """A file whose events are known by their borders."""
    labels = tuple(sorted({segment.label for segment in segments}))
    return LabelledFile(path=path, fold=fold, labels=labels, segments=tuple(sorted(segments)))


def event_free_file(path: Path, background: bool = False) -> LabelledFile:
    """A file that holds no event."""
    return LabelledFile(path=path, fold=None, labels=(), segments=(), background=background)


def audio_in(folder: Path, pattern: str = "*") -> list[Path]:
    """Audio files by their suffix, in order; hidden ones, and those of hidden folders, are nobody's recordings."""
    found = (path for path in folder.glob(pattern) if path.suffix.lower() in AUDIO_SUFFIXES)
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def read_segments(path: Path, key: str = "filename") -> dict[str, list[Segment]]:
    """Read a strong TSV.

    A row without onset, offset and label names a file that holds no event.

    Args:
        path: of the table.
        key: the column that tells the files apart; "" if the table is about one file, which is then called "".

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
            of_file.append(segment_of(row["onset"], row["offset"], as_label(row["event_label"]), where))
    return {name: sorted(of_file) for name, of_file in segments.items()}


def segment_of(onset: str, offset: str, label: str, where: str) -> Segment:
    """Build a segment from what a table says; `where` is how an error names the row.

    Raises:
        DataError: if a time is wrong or there is no label.
    """
    try:
        segment = Segment(float(onset), float(offset), label)
    except ValueError as exc:
        raise DataError(f"{where}: onset and offset must be seconds ({exc})") from exc
    if not 0.0 <= segment.onset < segment.offset < math.inf:
        raise DataError(f"{where}: 0 <= onset < offset must hold, got {segment.onset}, {segment.offset}")
    if not label:
        raise DataError(f"{where}: the event at {segment.onset} s has no event_label; give it one")
    return segment
