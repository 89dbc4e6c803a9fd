"""Recordings to measure a model on, with what is known of what they hold, from folders in any layout."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from sed.errors import DataError
from sed.folds import folds_of
from sed.labels import Annotation, LabelledFile
from sed.layouts import read_labels


@dataclass(frozen=True, kw_only=True)
class Recording:
    """A recording and what it holds.

    Attributes:
        path: of the audio.
        truth: where its events are; empty where it holds none, None where their borders are unknown.
        labels: what is in it.
        secondary: what may be in it, too.
    """

    path: Path
    truth: tuple[Annotation, ...] | None
    labels: tuple[str, ...]
    secondary: tuple[str, ...] = ()


def recordings_of(folders: Iterable[Path], folds: Collection[int] = ()) -> list[Recording]:
    """What `find_recordings` finds in several folders; one that is given twice, in whatever words, counts once."""
    different = {folder.resolve(): folder for folder in reversed(list(folders))}
    return [recording for folder in reversed(different.values()) for recording in find_recordings(folder, folds)]


def find_recordings(folder: Path, folds: Collection[int] = ()) -> list[Recording]:
    """The recordings of a folder in any layout of `sed.layouts`.

    Args:
        folder: of recordings or clips.
        folds: only files of these folds, which are those that training has; all if empty.

    Raises:
        DataError: if there is none, or a table is wrong.
    """
    files = read_labels(folder)
    of_files = folds_of(files)
    missing = sorted(set(folds) - set(of_files))
    if missing:
        there = ", ".join(map(str, sorted(set(of_files))))
        lacking = ", ".join(map(str, missing))
        raise DataError(
            f"{folder}: has no file in fold {lacking}; its folds are {there}: choose one, or leave --fold out"
        )
    return [_recording(file) for file, fold in zip(files, of_files, strict=True) if not folds or fold in folds]


def _recording(file: LabelledFile) -> Recording:
    truth = None if file.segments is None else tuple((one.onset, one.offset, one.label) for one in file.segments)
    return Recording(path=file.path, truth=truth, labels=file.labels, secondary=file.secondary)
