import numpy as np
import pytest
from sed_scores_eval import collar_based
from sed_scores_eval.base_modules.scores import create_score_dataframe

from sed.data.labels import Annotation
from sed.evaluation.matching import BorderErrors, border_errors, confusion, matched, row_f1, tokens_by_row

TRUTH: list[Annotation] = [(1.0, 2.0, "dog"), (4.0, 8.0, "rain"), (9.0, 9.5, "dog")]


def shaken(seed: int) -> tuple[list[Annotation], list[Annotation]]:
    """Dogs close together, and a log of them with borders off by up to a second, on a grid of 10 ms."""
    rng = np.random.default_rng(seed)
    borders = np.cumsum(rng.integers(20, 150, 40)) / 100
    truth = [(float(on), float(off), "dog") for on, off in borders.reshape(-1, 2)]
    moved = np.unique(np.round(borders + rng.uniform(-1.0, 1.0, 40), 2))
    heard = [(float(on), float(off), "dog") for on, off in moved[: len(moved) // 2 * 2].reshape(-1, 2)]
    return heard, truth


@pytest.mark.parametrize("seed", range(10))
def test_there_are_as_many_pairs_as_the_field_counts(seed: int) -> None:
    """True positives of sed_scores_eval with the same collars."""
    heard, truth = shaken(seed)
    borders = np.unique([0.0, 100.0, *(border for event in heard for border in event[:2])])
    active = np.zeros((len(borders) - 1, 1))
    for onset, offset, _ in heard:
        active[(onset <= borders[:-1]) & (borders[:-1] < offset)] = 1.0
    table = create_score_dataframe(active, borders, ["dog"])
    collars = {"onset_collar": 1.0, "offset_collar": 1.0, "offset_collar_rate": 0.5}
    *_, counts = collar_based.fscore({"a": table}, {"a": truth}, 0.5, **collars)
    pairs = matched(heard, truth)
    assert counts["dog"]["tps"] == len(pairs) == len({true for true, _ in pairs}) == len({said for _, said in pairs})


def test_the_nearest_onset_is_taken() -> None:
    """Of two that would do; the other is a false event."""
    heard: list[Annotation] = [(0.5, 1.5, "dog"), (1.1, 2.2, "dog"), (1.2, 2.0, "rain")]
    assert [((1.0, 2.0, "dog"), (1.1, 2.2, "dog"))] == matched(heard, TRUTH)


def test_border_errors_by_hand() -> None:
    """Late by 100 ms, early by 300 ms, late by 200 ms."""
    heard: list[Annotation] = [(1.1, 2.0, "dog"), (3.7, 8.5, "rain"), (9.2, 9.4, "dog")]
    errors = border_errors(matched(heard, TRUTH))
    assert BorderErrors(onset_bias_ms=100, onset_error_ms=200, offset_bias_ms=0, offset_error_ms=100) == errors
    assert border_errors([]) is None


def test_confusion_by_hand() -> None:
    """A dog found, rain taken for a dog, a dog missed; an alarm on rain and one on nothing."""
    heard: list[Annotation] = [(1.5, 3.0, "dog"), (5.0, 6.0, "dog"), (20.0, 21.0, "rain")]
    counts = confusion([(heard, TRUTH)], ["dog", "rain"])
    assert [[1, 0, 1], [1, 0, 0]] == counts.found.tolist()
    assert [[0, 1, 0], [0, 0, 1]] == counts.false_alarms.tolist()


def test_what_is_reported_rightly_is_no_confusion() -> None:
    """A dog missed beneath rain that was heard is taken for nothing; rain that was taken for a cat is."""
    truth: list[Annotation] = [(0.0, 10.0, "rain"), (4.0, 5.0, "dog"), (20.0, 30.0, "rain")]
    heard: list[Annotation] = [(0.0, 10.0, "rain"), (21.0, 22.0, "cat")]
    counts = confusion([(heard, truth)], ["cat", "dog", "rain"])
    assert [[0, 0, 0, 0], [0, 0, 0, 1], [1, 0, 1, 0]] == counts.found.tolist()


def test_row_f1_of_the_published_example() -> None:
    """`nocall` is a token, and a row's F1 counts it."""
    truth = [{"amecro"}, {"amecro", "amerob"}, {"nocall"}]
    assert pytest.approx(0.8333, abs=5e-5) == row_f1([{"amecro"}, {"amecro", "bird666"}, {"nocall"}], truth)


def test_rows_hold_what_sounds_in_them() -> None:
    """An event that ends with a row is not in the next."""
    events: list[Annotation] = [(4.0, 10.0, "amecro"), (11.0, 11.5, "amerob")]
    assert [{"amecro"}, {"amecro"}, {"amerob"}, {"nocall"}] == tokens_by_row(events, 17.5)
