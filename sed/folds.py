"""Folds for files whose layout has none.

Every label's files are dealt out one by one, so that each fold gets its share of each label; a file of several labels
goes with the rarest of them. The first file of each label goes to fold 1 and the second to fold 5, which is what
validation looks at unless told otherwise: two files of a class are enough to have it in both, unless other labels in
them must be in fold 1 as well. A file is taken to be a source of its own: clips cut from one recording, where one is
learnt from and another looked at, flatter the model; give such data folds (the layout of ESC-50 has them).
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from sed.labels import LabelledFile

_ORDER = (1, 5, 2, 3, 4)


def folds_of(files: Sequence[LabelledFile]) -> list[int]:
    """The fold of each file: its own, or one that follows from its labels and its name."""
    folds = [0 if file.fold is None else file.fold for file in files]
    held: set[str] = set()  # labels that fold 1 has
    for (_, rarest, _), group in sorted(_groups(files).items()):
        place = int(rarest in held)
        for index in group:
            brings_new = not held.issuperset(files[index].labels)
            folds[index] = _ORDER[0 if brings_new else place % len(_ORDER)]
            place = max(place, 1) if brings_new else place + 1
            held.update(files[index].labels)
    return folds


def _groups(files: Sequence[LabelledFile]) -> dict[tuple[int, str, bool], list[int]]:
    """Files without a fold, by their rarest label, before which stands how many files have it.

    Those of most labels come first: they are the hardest to place.
    """
    counts = Counter(label for file in files for label in file.labels)
    groups: dict[tuple[int, str, bool], list[int]] = defaultdict(list)
    for index, file in enumerate(files):
        if file.fold is None:
            count, rarest = min(((counts[label], label) for label in file.labels), default=(0, ""))
            groups[(count, rarest, file.background)].append(index)
    for group in groups.values():
        group.sort(key=lambda index: (-len(files[index].labels), _hash(files[index].path)))
    return groups


def _hash(path: Path) -> str:
    # Not the whole path: the folds stay when the folder is moved.
    return hashlib.sha256(f"{path.parent.name}/{path.name}".encode()).hexdigest()
