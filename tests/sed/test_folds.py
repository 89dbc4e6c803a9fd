from collections import Counter
from pathlib import Path

from sed.folds import folds_of
from sed.labels import LabelledFile, event_free_file


def files(label: str, count: int, root: str = "data", fold: int | None = None) -> list[LabelledFile]:
    return [
        LabelledFile(path=Path(root, label, f"{number}.wav"), fold=fold, labels=(label,), segments=None)
        for number in range(count)
    ]


def test_each_label_is_dealt_out_over_five_folds() -> None:
    """Twelve files are two or three a fold, of every label; files without events too."""
    folds = folds_of(files("dog", 12) + files("cat", 12) + [event_free_file(Path(f"{n}.wav")) for n in range(12)])
    for group in (folds[:12], folds[12:24], folds[24:]):
        assert {1: 3, 2: 2, 3: 2, 4: 2, 5: 3} == Counter(group)


def test_two_files_are_one_to_learn_from_and_one_to_look_at() -> None:
    """And one alone is to learn from."""
    assert {1, 5} == set(folds_of(files("dog", 2)))
    assert [1] == folds_of(files("dog", 1))


def test_folds_follow_from_names() -> None:
    """Neither from the order of the files, nor from where the folder lies; and not in the order of the names."""
    data = files("dog", 20)
    folds = folds_of(data)
    assert folds == folds_of(data[::-1])[::-1]
    assert folds == folds_of(files("dog", 20, root="moved"))
    assert folds != sorted(folds, key=[1, 5, 2, 3, 4].index)


def test_a_fold_that_is_known_stays() -> None:
    """Beside data that has none."""
    folds = folds_of(files("dog", 3, fold=4) + files("dog", 2, root="more"))
    assert [4, 4, 4] == folds[:3]
    assert {1, 5} == set(folds[3:])
