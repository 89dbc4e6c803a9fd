"""Folds for files whose layout has none.

Every label's files are dealt out one by one, so that each fold gets its share of each label; a file of several labels
goes with the rarest of them. The first file of each label goes to fold 1 and the second to fold 5, which is what
validation looks at unless told otherwise: two files of a class are enough to have it in both, unless other labels in
them must be in fold 1 as well. Files of several labels without borders, of which no soundscape can be mixed, take these
places from no others. A file is taken to be a source of its own: clips cut from one recording, where one is learnt from
and another looked at, flatter the model; give such data folds (the layout of ESC-50 has them).
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from sed.labels import LabelledFile

_ORDER = (1, 5, 2, 3, 4)
_HEARD, _CUT = "heard", "cut"


def folds_of(files: Sequence[LabelledFile]) -> list[int]:
    """The fold of each file: its own, or one that follows from its labels and its name."""
    folds = [0 if file.fold is None else file.fold for file in files]
    held: set[tuple[str, str]] = set()  # what fold 1 has
    for (_, rarest, _), group in sorted(_groups(files).items()):
        place = int((rarest, _HEARD) in held)
        for index in group:
            brought = _brought(files[index])
            brings_new = not held.issuperset(brought)
            folds[index] = _ORDER[0 if brings_new else place % len(_ORDER)]
            place = max(place, 1) if brings_new else place + 1
            held.update(brought)
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


def _hash(path: Path) -> str:
    # Not the whole path: the folds stay when the folder is moved.
    return hashlib.sha256(f"{path.parent.name}/{path.name}".encode()).hexdigest()
