"""Folds for files whose layout has none.

Every label's files are dealt out one by one, so that each fold gets its share of each label. The first goes to fold 1
and the second to fold 5, which is what validation looks at unless told otherwise: two files of a class are enough to
have it in both. A file is taken to be a source of its own: clips cut from one recording, where one is learnt from and
another looked at, flatter the model; give such data folds (the layout of ESC-50 has them).
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from sed.labels import LabelledFile

_ORDER = (1, 5, 2, 3, 4)


def folds_of(files: Sequence[LabelledFile]) -> list[int]:
    """The fold of each file: its own, or one that follows from its label and its name."""
    groups: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for index, file in enumerate(files):
        groups[(file.labels[:1], file.background)].append(index)
    folds = [0] * len(files)
    for group in groups.values():
        without = [index for index in group if files[index].fold is None]
        for place, index in enumerate(sorted(without, key=lambda index: _hash(files[index].path))):
            folds[index] = _ORDER[place % len(_ORDER)]
    return [dealt if file.fold is None else file.fold for file, dealt in zip(files, folds, strict=True)]


def _hash(path: Path) -> str:
    # Not the whole path: the folds stay when the folder is moved.
    return hashlib.sha256(f"{path.parent.name}/{path.name}".encode()).hexdigest()
