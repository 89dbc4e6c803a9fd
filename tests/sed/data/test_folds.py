from collections import Counter
from pathlib import Path
from random import Random

from sed.data.folds import folds_of
from sed.data.labels import LabelledFile, event_free_file


def files(label: str, count: int, root: str = "data", fold: int | None = None) -> list[LabelledFile]:
    return [
        LabelledFile(path=Path(root, label, f"{number}.wav"), fold=fold, labels=(label,), segments=None)
        for number in range(count)
    ]


def test_each_label_is_dealt_out_over_five_folds() -> None:
    """A fold gets about a fifth, of every label; files without events too."""
    folds = folds_of(files("dog", 100) + files("cat", 100) + [event_free_file(Path(f"{n}.wav")) for n in range(100)])
    for group in (folds[:100], folds[100:200], folds[200:]):
        assert {1, 2, 3, 4, 5} == set(group)
        assert 10 <= min(Counter(group).values()) <= max(Counter(group).values()) <= 30


def test_a_file_keeps_its_fold_when_others_come() -> None:
    """Else a model would be evaluated on files that it was trained on. Only the first of its label may move."""
    moved = 0
    for count in range(10, 60):
        before, after = (
            dict(zip((file.path for file in data), folds_of(data), strict=True))
            for data in (files("dog", count), files("dog", count + 1))
        )
        moved += sum(fold != after[path] for path, fold in before.items())
    assert moved <= 5


def test_of_two_files_one_is_for_training_and_one_for_validation() -> None:
    """A single file is for training."""
    assert {1, 5} == set(folds_of(files("dog", 2)))
    assert [1] == folds_of(files("dog", 1))


def test_folds_follow_from_names() -> None:
    """They do not depend on the order of the files or on the folder's path, and are not in the order of names."""
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


def of_labels(*labels: str) -> list[LabelledFile]:
    """A file for each argument: its labels, separated by commas."""
    return [
        LabelledFile(path=Path(f"{number}.wav"), fold=None, labels=tuple(sorted(names.split(","))), segments=None)
        for number, names in enumerate(labels)
    ]


def test_a_file_of_several_labels_goes_with_the_rarest() -> None:
    """A common label in the same file does not move a rare one out of the training folds."""
    assert [1, 1, 1, 1] == folds_of(of_labels("dog,wind", "dog,rain", "dog,siren", "dog,zebra"))
    folds = folds_of(of_labels("dog,wind", "dog,wind", "dog,rain", "dog,rain"))
    assert [{1, 5}, {1, 5}] == [set(folds[:2]), set(folds[2:])]
    folds = folds_of(of_labels("dog,wind", "dog", "dog"))
    assert (1, {1, 5}) == (folds[0], set(folds[1:]))


def test_every_label_is_in_fold_1() -> None:
    """However labels share files; labels that are alone in some file are also alone in one of fold 1."""
    random = Random(0)
    for _ in range(200):
        drawn = [",".join(random.sample("abcdefgh", random.randint(1, 4))) for _ in range(random.randint(1, 12))]
        files = of_labels(*drawn)
        training = [file for file, fold in zip(files, folds_of(files), strict=True) if fold == 1]
        for most in (4, 1):
            there, held = (
                {label for file in some if len(file.labels) <= most for label in file.labels}
                for some in (files, training)
            )
            assert there == held


def test_files_that_events_can_be_cut_out_of_are_placed_first() -> None:
    """Weakly labelled files of several labels get the folds that are left."""
    folds = folds_of(of_labels("cat,dog", "cat,dog", "cat", "cat", "dog", "dog"))
    assert [{1, 5}, {1, 5}] == [set(folds[2:4]), set(folds[4:])]
