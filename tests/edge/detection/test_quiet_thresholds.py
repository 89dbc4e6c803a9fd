import numpy as np
import pytest

from edge.detection.alarm_rate import poisson_bound
from edge.detection.quiet_thresholds import QuietThresholds, raise_thresholds
from edge.model.card import ClassDecoding

SETTINGS = ClassDecoding(on=0.5, off=0.4, median_frames=1, shortest_frames=1, merge_frames=0)
DECODING = {"dog": SETTINGS, "rain": SETTINGS}


def test_without_an_aim_no_false_alarm_is_left() -> None:
    """Thresholds lie just above the highest peaks; a label without false alarms keeps its own."""
    chosen = raise_thresholds({"dog": [0.6, 0.97, 0.7], "rain": []}, DECODING, 8.0, None)
    assert QuietThresholds(on={"dog": 0.970001}, left=0) == chosen
    assert chosen.bound_per_hour(8.0) == pytest.approx(poisson_bound(1) / 8)


def test_the_false_alarms_that_take_the_highest_thresholds_stay() -> None:
    """As many as the aim allows; each label that was raised counts as one more."""
    peaks = {"dog": [0.6, 0.61, 0.62, 0.999], "rain": [0.55]}
    chosen = raise_thresholds(peaks, DECODING, 8.0, poisson_bound(3) / 8)
    assert QuietThresholds(on={"dog": 0.620001, "rain": 0.550001}, left=1) == chosen
    assert QuietThresholds(on={}, left=5) == raise_thresholds(peaks, DECODING, 8.0, 2.0)


def test_a_score_of_one_cannot_be_kept_out() -> None:
    """It is left, and does not make its label stricter."""
    assert QuietThresholds(on={}, left=1) == raise_thresholds({"dog": [1.0], "rain": []}, DECODING, 8.0, None)


def test_an_aim_out_of_reach_gets_the_least_bound() -> None:
    """The caller compares."""
    chosen = raise_thresholds({"dog": [0.6, 0.7, 0.8], "rain": []}, DECODING, 8.0, 0.1)
    assert (0, {"dog"}) == (chosen.left, set(chosen.on))


def test_the_bound_holds_for_the_next_night() -> None:
    """Nine times of ten, for peaks of any distribution; the mere count of what is left would not."""
    rng = np.random.default_rng(0)
    held, naive = [], []
    for _ in range(1000):
        nights = [{label: rng.beta(2, 3, rng.poisson(6)) / 2 + 0.5 for label in DECODING} for _ in range(2)]
        chosen = raise_thresholds({label: peaks.tolist() for label, peaks in nights[0].items()}, DECODING, 8.0, None)
        expected = sum(6 * (rng.beta(2, 3, 2000) / 2 + 0.5 >= chosen.on.get(label, 0.5)).mean() for label in DECODING)
        held.append(expected <= 8 * chosen.bound_per_hour(8.0))
        naive.append(expected <= poisson_bound(chosen.left))
    assert 0.88 <= np.mean(held)
    assert np.mean(naive) < 0.75
