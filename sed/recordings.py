"""Recordings to measure a model on, with what is known of what they hold.

A folder is either in the layout of ESC-50 (see `sed.data`), or holds audio files, each with its truth beside it:
`x.ogg` and `x.tsv` with the columns `onset offset event_label`. A recording without such a file holds no event.
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from edge.audio import AUDIO_SUFFIXES
from sed.data import load_segments, read_table
from sed.errors import DataError
from sed.metrics import Annotation


@dataclass(frozen=True, kw_only=True)
class Recording:
    """A recording and what it holds.

    Attributes:
        path: of the audio.
        truth: where its events are; empty where it holds none, None where their borders are unknown.
        labels: what is in it.
    """

    path: Path
    truth: tuple[Annotation, ...] | None
    labels: tuple[str, ...]


def find_recordings(folder: Path, folds: Collection[int] = ()) -> list[Recording]:
    """The recordings of a folder.

    Args:
        folder: of recordings, or of clips in the layout of ESC-50.
        folds: only clips of these folds; all if empty.

    Raises:
        DataError: if there is none, or a table is wrong.
    """
    if (folder / "meta" / "esc50.csv").exists():
        return _clips(folder, folds)
    if folds:
        raise DataError(f"{folder}: has no folds, which meta/esc50.csv would name; leave --fold out")
    paths = sorted(path for path in folder.glob("*") if path.suffix.lower() in AUDIO_SUFFIXES)
    if not paths:
        raise DataError(f"{folder}: holds no recording; expected audio files with a .tsv of the same name beside them")
    return [_beside(path) for path in paths]


def _beside(path: Path) -> Recording:
    table = path.with_suffix(".tsv")
    rows = read_table(table, "\t", ("onset", "offset", "event_label")) if table.exists() else []
    try:
        truth = tuple((float(row["onset"]), float(row["offset"]), row["event_label"]) for row in rows)
    except ValueError as exc:
        raise DataError(f"{table}: onset and offset must be seconds ({exc})") from exc
    for onset, offset, label in truth:
        if not 0.0 <= onset < offset:
            raise DataError(f"{table}: {label}: 0 <= onset < offset must hold, got {onset}, {offset}")
    return Recording(path=path, truth=truth, labels=tuple(sorted({label for *_, label in truth})))


def _clips(folder: Path, folds: Collection[int]) -> list[Recording]:
    rows = read_table(folder / "meta" / "esc50.csv", ",", ("filename", "fold"))
    known = sorted({row["fold"] for row in rows})
    missing = sorted({str(fold) for fold in folds} - set(known))
    if missing:
        raise DataError(f"{folder}: has no clip in fold {', '.join(missing)}; its folds are {', '.join(known)}")
    strong = folder / "meta" / "strong.tsv"
    segments = load_segments(strong) if strong.exists() else {}
    clips = []
    for row in rows:
        if folds and row["fold"] not in {str(fold) for fold in folds}:
            continue
        name, category = row["filename"], row.get("category")
        path = folder / "audio" / name
        if not path.exists():
            raise DataError(f"{path}: no such file, though meta/esc50.csv names it; add it, or take the row out")
        truth = tuple((piece.onset, piece.offset, piece.label) for piece in segments.get(name, ()))
        labels = {label for *_, label in truth} | ({category} if category else set())
        clips.append(
            Recording(
                path=path,
                truth=truth if truth or not category else None,
                labels=tuple(sorted(labels)),
            )
        )
    return clips
