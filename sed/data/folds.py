"""Folds for files whose layout has none.

A file's fold follows from its name, so that it does not change when files are added or removed (as in Speech
Commands): else a model could be validated on files that it was trained on, once its data has grown. Fold 5 is held out
for validation unless a recipe says otherwise. With few files, hashing alone may leave a fold without a class: the first
file of each label is in fold 1, and if none of the others would be in fold 5, the second is. So two files of a class
are enough to have it in both folds, unless their other labels need fold 1 as well. A file of several labels is treated
as one of its rarest label. Weakly labelled files of several labels, of which no soundscape can be mixed, come last.

Each file is taken to be a recording of its own. Where several clips were cut from one recording, some may be trained on
and others validated on, and the scores are too good; give such data folds (the layout of ESC-50 has them).
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from sed.data.labels import LabelledFile

HELD_OUT_FOLD = 5
_FOLDS, _FIRST = 5, 1
_PRESENT, _CUT = "present", "cut"


def folds_of(files: Sequence[LabelledFile]) -> list[int]:
    """The fold of each file: its own, or one that follows from its labels and its name."""
    folds = [0 if file.fold is None else file.fold for file in files]
    covered: set[tuple[str, str]] = set()  # by fold 1
    for (_, rarest, _), group in sorted(_groups(files).items()):
        first, others = None if (rarest, _PRESENT) in covered else group[0], []
        for index in group:
            provided = _provided(files[index])
            if index == first or not covered.issuperset(provided):
                folds[index] = _FIRST
            else:
                others.append(index)
                folds[index] = 1 + _hash(files[index].path) % _FOLDS
            covered.update(provided)
        if others and HELD_OUT_FOLD not in [folds[index] for index in others]:
            folds[others[0]] = HELD_OUT_FOLD
    return folds


def _provided(file: LabelledFile) -> set[tuple[str, str]]:
    """What a file adds to its fold: labels that are present, and labels that can be cut out."""
    kinds = (_PRESENT, _CUT) if _can_be_cut(file) else (_PRESENT,)
    return {(label, kind) for label in file.labels for kind in kinds}


def _can_be_cut(file: LabelledFile) -> bool:
    return file.segments is not None or len(file.labels) == 1


def _groups(files: Sequence[LabelledFile]) -> dict[tuple[int, str, bool], list[int]]:
    """Files without a fold, by how many files have their rarest label, that label, and whether they are background.

    In a group, files of most labels come first, as they are the hardest to place; files that no event can be cut out of
    come last.
    """
    counts = Counter(label for file in files for label in file.labels)
    groups: dict[tuple[int, str, bool], list[int]] = defaultdict(list)
    for index, file in enumerate(files):
        if file.fold is None:
            count, rarest = min(((counts[label], label) for label in file.labels), default=(0, ""))
            groups[(count, rarest, file.background)].append(index)
    for group in groups.values():
        group.sort(key=lambda k: (not _can_be_cut(files[k]), -len(files[k].labels), _hash(files[k].path)))
    return groups


def _hash(path: Path) -> int:
    # Not the whole path: the folds stay the same when the folder is moved.
    return int.from_bytes(hashlib.sha256(f"{path.parent.name}/{path.name}".encode()).digest())
