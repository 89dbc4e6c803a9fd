import numpy as np

from edge.detection.occasions import QuietEvent, next_alarms
from edge.detection.quiet_thresholds import QuietThresholds, raise_thresholds
from edge.model.card import ClassDecoding
from tests.edge.detection.test_occasions import quiet_event

SETTINGS = ClassDecoding(on=0.5, off=0.4, median_frames=1, shortest_frames=1, merge_frames=0)
DECODING = {"dog": SETTINGS, "rain": SETTINGS}
HOUR = 3600.0


def hourly(label: str, *peaks: float) -> list[QuietEvent]:
    """False alarms an hour apart."""
    return [quiet_event("porch", label, HOUR * number, peak) for number, peak in enumerate(peaks)]


def test_without_an_aim_no_false_alarm_is_left() -> None:
    """Thresholds lie just above the highest peaks; a label without false alarms keeps its own."""
    alarms = hourly("dog", 0.6, 0.97, 0.7)
    chosen = raise_thresholds(alarms, DECODING, 8.0, None)
    assert QuietThresholds(on={"dog": 0.970001}, left=(), charged=(alarms[1],)) == chosen
    assert chosen.bound_per_hour(8.0) == next_alarms([1]) / 8
    assert {"dog": 0.970001, "rain": 0.5} == {label: one.on for label, one in chosen.applied_to(DECODING).items()}


def test_a_threshold_is_charged_with_the_burst_that_set_it() -> None:
    """Had the burst not been there, four of its false alarms would have passed the threshold of the other occasions."""
    burst = [quiet_event("porch", "dog", 5 * HOUR + 60 * k, peak) for k, peak in enumerate((0.8, 0.65, 0.9, 0.8, 0.85))]
    chosen = raise_thresholds(hourly("dog", 0.6, 0.7) + burst, DECODING, 8.0, None)
    assert {0.8, 0.9, 0.85} == {one.peak for one in chosen.charged}
    assert chosen.bound_per_hour(8.0) == next_alarms([4]) / 8


def test_the_false_alarms_that_take_the_highest_thresholds_stay() -> None:
    """As many as the aim allows."""
    dog, rain = hourly("dog", 0.6, 0.61, 0.62, 0.999), hourly("rain", 0.55)
    chosen = raise_thresholds(dog + rain, DECODING, 8.0, next_alarms([1, 1, 1]) / 8)
    assert QuietThresholds(on={"dog": 0.620001, "rain": 0.550001}, left=(dog[3],), charged=(dog[2], rain[0])) == chosen
    assert QuietThresholds(on={}, left=(rain[0], *dog)) == raise_thresholds(dog + rain, DECODING, 8.0, 9.0)


def test_a_score_of_one_cannot_be_kept_out() -> None:
    """It is left, and does not make its label stricter."""
    alarms = hourly("dog", 1.0)
    assert QuietThresholds(on={}, left=tuple(alarms)) == raise_thresholds(alarms, DECODING, 8.0, None)


def test_an_aim_out_of_reach_gets_the_strictest() -> None:
    """The caller compares."""
    chosen = raise_thresholds(hourly("dog", 0.6, 0.7, 0.8), DECODING, 8.0, 0.1)
    assert ((), {"dog"}) == (chosen.left, set(chosen.on))


def test_the_bound_holds_for_the_next_night() -> None:
    """Nine times of ten, for peaks of any distribution and bursts of any size; the count of what is left would not."""
    rng = np.random.default_rng(0)
    held, naive = [], []
    for _ in range(400):
        nights = [[alarm for label in DECODING for alarm in _bursts(rng, label)] for _ in range(2)]
        chosen = raise_thresholds(nights[0], DECODING, 8.0, None)
        counted = sum(alarm.peak >= chosen.applied_to(DECODING)[alarm.label].on for alarm in nights[1])
        held.append(counted <= 8 * chosen.bound_per_hour(8.0))
        naive.append(counted <= next_alarms([1] * len(chosen.left)))
    assert 0.87 <= np.mean(held)
    assert np.mean(naive) < 0.8


def _bursts(rng: np.random.Generator, label: str) -> list[QuietEvent]:
    """Those of a night: about three bursts of four, each as loud as it is."""
    return [
        quiet_event("porch", label, begin + 60 * number, 0.5 + rng.beta(2, 3) / 4 + loudness / 4)
        for begin, loudness in zip(rng.uniform(0, 8 * HOUR, rng.poisson(3)), rng.beta(2, 3, 20), strict=False)
        for number in range(rng.geometric(0.25))
    ]
