"""Folds for files whose layout has none.

A file's fold follows from its name, so that it stays what it is when others come or go (the way of Speech Commands):
else what a model has learnt from would be what it is measured on, once its data has grown. Fold 5 is held out unless a
recipe says otherwise. Chance is not enough where files are few: the first of each label is in fold 1, and if none of
the others would be in fold 5, the second is, so that two files of a class are enough to have it in both, unless other
labels in them must be in fold 1 as well. A file of several labels goes with the rarest of them. Files of several labels
without borders, of which no soundscape can be mixed, take these places from no others.

A file is taken to be a source of its own: clips cut from one recording, where one is learnt from and another looked at,
flatter the model; give such data folds (the layout of ESC-50 has them).
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from sed.data.labels import LabelledFile

HELD_OUT = 5
_FOLDS, _FIRST = 5, 1
_HEARD, _CUT = "heard", "cut"


def folds_of(files: Sequence[LabelledFile]) -> list[int]:
    """The fold of each file: its own, or one that follows from its labels and its name."""
    folds = [0 if file.fold is None else file.fold for file in files]
    held: set[tuple[str, str]] = set()  # what fold 1 has
    for (_, rarest, _), group in sorted(_groups(files).items()):
        first, others = None if (rarest, _HEARD) in held else group[0], []
        for index in group:
            brought = _brought(files[index])
            if index == first or not held.issuperset(brought):
                folds[index] = _FIRST
            else:
                others.append(index)
                folds[index] = 1 + _hash(files[index].path) % _FOLDS
            held.update(brought)
        if others and HELD_OUT not in [folds[index] for index in others]:
            folds[others[0]] = HELD_OUT
    return folds


def _brought(file: LabelledFile) -> set[tuple[str, str]]:
    """What a fold has by a file: labels that are heard in it, and that can be cut out of it."""
    kinds = (_HEARD, _CUT) if _can_be_cut(file) else (_HEARD,)
    return {(label, kind) for label in file.labels for kind in kinds}


def _can_be_cut(file: LabelledFile) -> bool:
    return file.segments is not None or len(file.labels) == 1


def _groups(files: Sequence[LabelledFile]) -> dict[tuple[int, str, bool], list[int]]:
    """Files without a fold, by their rarest label, before which stands how many files have it.

    Those of most labels come first, as they are the hardest to place; those that nothing can be cut out of come last.
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
    # Not the whole path: the folds stay when the folder is moved.
    return int.from_bytes(hashlib.sha256(f"{path.parent.name}/{path.name}".encode()).digest())
