"""Recordings to evaluate a model on, with their truth, from folders in any layout."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from sed.data import Annotation, LabelledFile, folds_of, read_labels
from sed.errors import DataError


@dataclass(frozen=True, kw_only=True)
class Recording:
    """A recording and its labels.

    Attributes:
        path: of the audio.
        truth: its events; empty if it has none, None if their onsets and offsets are not known.
        labels: the classes of its events.
        secondary: labels that may be in it too.
        kind: what sounds in it by its data's own labels, also those that a model does not know; empty if unlabelled.
    """

    path: Path
    truth: tuple[Annotation, ...] | None
    labels: tuple[str, ...]
    secondary: tuple[str, ...] = ()
    kind: str = ""


def read_recordings(folders: Iterable[Path], folds: Collection[int] = ()) -> list[Recording]:
    """The recordings of folders in any layout of `sed.data.layouts`.

    Args:
        folders: of recordings or clips; one that is given twice, also by another path, counts once.
        folds: only files of these folds, the same folds as in training; all if empty.

    Raises:
        DataError: if a folder has no recording, a table is wrong, or a fold has no file in any of the folders.
    """
    different = {folder.resolve(): folder for folder in reversed(list(folders))}
    present: set[int] = set()
    recordings = []
    for folder in reversed(different.values()):
        files = read_labels(folder)
        of_files = folds_of(files)
        present |= set(of_files)
        recordings += [
            _recording(file) for file, fold in zip(files, of_files, strict=True) if not folds or fold in folds
        ]
    missing = sorted(set(folds) - present)
    if missing:
        raise DataError(
            f"{', '.join(map(str, different.values()))}: no file is in fold {', '.join(map(str, missing))}; there are "
            f"the folds {', '.join(map(str, sorted(present)))}: choose among them, or leave --fold out"
        )
    return recordings


def _recording(file: LabelledFile) -> Recording:
    return Recording(
        path=file.path,
        truth=file.segments,
        labels=file.labels,
        secondary=file.secondary,
        kind=", ".join(file.labels),
    )
