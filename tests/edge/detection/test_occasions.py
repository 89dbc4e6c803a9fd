import numpy as np
from scipy.stats import nbinom

from edge.detection.occasions import QuietEvent, group_occasions, next_alarms


def quiet_event(source: str, label: str, onset: float, peak: float = 0.9) -> QuietEvent:
    return QuietEvent(source=source, label=label, onset=onset, offset=onset + 1, peak=peak)


def test_false_alarms_less_than_ten_minutes_apart_are_one_occasion() -> None:
    """Of whatever label; each source has its own."""
    events = [quiet_event("a", "dog", 0), quiet_event("a", "rain", 599), quiet_event("a", "dog", 1198)]
    later, elsewhere = quiet_event("a", "dog", 1198 + 600), quiet_event("b", "dog", 1)
    assert [[*events], [later], [elsewhere]] == group_occasions([elsewhere, later, *events])


def test_occasions_of_one_false_alarm_bound_their_number() -> None:
    """As the negative binomial has it: those of the next hours before one more of these hours."""
    assert [int(nbinom.ppf(0.9, count + 1, 0.5)) for count in (0, 1, 4, 20)] == [
        next_alarms([1] * count) for count in (0, 1, 4, 20)
    ]


def test_a_burst_bounds_the_next_hours_worse_than_as_many_single_false_alarms() -> None:
    """Twelve false alarms each time; one occasion of twelve may come thrice."""
    assert next_alarms([1] * 12) < next_alarms([4] * 3) < next_alarms([12])


def test_the_bound_holds_for_the_next_hours_whatever_the_size_of_bursts() -> None:
    """About nine times of ten, after some occasions; a bound of their number, as if each came alone, does not."""
    rng = np.random.default_rng(0)
    held, alone = [], []
    for rate in rng.uniform(4, 12, 300):
        first, second = (rng.geometric(0.25, size=rng.poisson(rate)).tolist() for _ in range(2))
        held.append(sum(second) <= next_alarms(first))
        alone.append(sum(second) <= next_alarms([1] * sum(first)))
    assert 0.86 <= np.mean(held) <= 0.97
    assert np.mean(alone) < 0.78
