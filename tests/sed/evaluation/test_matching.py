import numpy as np
import pytest
from sed_scores_eval import collar_based
from sed_scores_eval.base_modules.scores import create_score_dataframe

from sed.data.labels import Annotation
from sed.evaluation.matching import OnsetOffsetErrors, confusion, match_events, onset_offset_errors, row_f1, row_labels

TRUTH: list[Annotation] = [(1.0, 2.0, "dog"), (4.0, 8.0, "rain"), (9.0, 9.5, "dog")]


def shaken(seed: int) -> tuple[list[Annotation], list[Annotation]]:
    """Dogs close together, and a log of them with borders off by up to a second, on a grid of 10 ms."""
    rng = np.random.default_rng(seed)
    borders = np.cumsum(rng.integers(20, 150, 40)) / 100
    truth = [(float(on), float(off), "dog") for on, off in borders.reshape(-1, 2)]
    moved = np.unique(np.round(borders + rng.uniform(-1.0, 1.0, 40), 2))
    reported = [(float(on), float(off), "dog") for on, off in moved[: len(moved) // 2 * 2].reshape(-1, 2)]
    return reported, truth


@pytest.mark.parametrize("seed", range(10))
def test_there_are_as_many_pairs_as_the_reference_counts(seed: int) -> None:
    """True positives of sed_scores_eval with the same collars."""
    reported, truth = shaken(seed)
    borders = np.unique([0.0, 100.0, *(border for event in reported for border in event[:2])])
    active = np.zeros((len(borders) - 1, 1))
    for onset, offset, _ in reported:
        active[(onset <= borders[:-1]) & (borders[:-1] < offset)] = 1.0
    table = create_score_dataframe(active, borders, ["dog"])
    collars = {"onset_collar": 1.0, "offset_collar": 1.0, "offset_collar_rate": 0.5}
    *_, counts = collar_based.fscore({"a": table}, {"a": truth}, 0.5, **collars)
    pairs = match_events(reported, truth)
    assert counts["dog"]["tps"] == len(pairs) == len({true for true, _ in pairs}) == len({said for _, said in pairs})


def test_the_nearest_onset_is_taken() -> None:
    """Of two possible ones; the other is a false event."""
    reported: list[Annotation] = [(0.5, 1.5, "dog"), (1.1, 2.2, "dog"), (1.2, 2.0, "rain")]
    assert [((1.0, 2.0, "dog"), (1.1, 2.2, "dog"))] == match_events(reported, TRUTH)


def test_onset_and_offset_errors_by_hand() -> None:
    """Late by 100 ms, early by 300 ms, late by 200 ms."""
    reported: list[Annotation] = [(1.1, 2.0, "dog"), (3.7, 8.5, "rain"), (9.2, 9.4, "dog")]
    errors = onset_offset_errors(match_events(reported, TRUTH))
    assert OnsetOffsetErrors(onset_bias_ms=100, onset_error_ms=200, offset_bias_ms=0, offset_error_ms=100) == errors
    assert onset_offset_errors([]) is None


def test_confusion_by_hand() -> None:
    """A dog found, rain reported as dog, a dog missed; a false alarm on rain and one on nothing."""
    reported: list[Annotation] = [(1.5, 3.0, "dog"), (5.0, 6.0, "dog"), (20.0, 21.0, "rain")]
    counts = confusion([(reported, TRUTH)], ["dog", "rain"])
    assert [[1, 0, 1], [1, 0, 0]] == counts.found.tolist()
    assert [[0, 1, 0], [0, 0, 1]] == counts.false_alarms.tolist()


def test_a_correct_event_is_not_a_confusion() -> None:
    """A dog missed under correctly reported rain counts as nothing; rain reported as cat is a confusion."""
    truth: list[Annotation] = [(0.0, 10.0, "rain"), (4.0, 5.0, "dog"), (20.0, 30.0, "rain")]
    reported: list[Annotation] = [(0.0, 10.0, "rain"), (21.0, 22.0, "cat")]
    counts = confusion([(reported, truth)], ["cat", "dog", "rain"])
    assert [[0, 0, 0, 0], [0, 0, 0, 1], [1, 0, 1, 0]] == counts.found.tolist()


def test_row_f1_of_the_published_example() -> None:
    """`nocall` is a token, and a row's F1 counts it."""
    truth = [{"amecro"}, {"amecro", "amerob"}, {"nocall"}]
    assert pytest.approx(0.8333, abs=5e-5) == row_f1([{"amecro"}, {"amecro", "bird666"}, {"nocall"}], truth)


def test_rows_have_the_labels_active_in_them() -> None:
    """An event that ends with a row is not in the next."""
    events: list[Annotation] = [(4.0, 10.0, "amecro"), (11.0, 11.5, "amerob")]
    assert [{"amecro"}, {"amecro"}, {"amerob"}, {"nocall"}] == row_labels(events, 17.5)
