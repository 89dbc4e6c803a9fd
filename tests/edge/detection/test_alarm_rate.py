import numpy as np
import pytest
from scipy.stats import chi2

from edge.detection.alarm_rate import AlarmRate, alarm_rate, describe_rate, parse_rate, poisson_bound, rate_bound


@pytest.mark.parametrize("count", [0, 1, 7, 60, 2000])
def test_the_bound_of_a_count_is_that_of_chi_squared(count: int) -> None:
    """As tables have it."""
    assert chi2.ppf(0.9, 2 * count + 2) / 2 == pytest.approx(poisson_bound(count))


def test_no_alarm_in_a_night_bounds_the_rate() -> None:
    """By 0.29 an hour in 8 h, however the night is divided."""
    assert rate_bound([0] * 8, [1.0] * 8) == pytest.approx(2.303 / 8, abs=1e-3)


def test_few_loud_kinds_bound_the_rate_worse_than_many_quiet_ones() -> None:
    """The same alarms in the same hours; both bounds are above the rate."""
    hours = [0.01] * 20
    loud, quiet = rate_bound([20, 20] + [0] * 18, hours), rate_bound([2] * 20, hours)
    assert 1.6 * quiet < loud
    assert 40 / 0.2 < quiet


def test_the_bound_holds_nine_times_of_ten() -> None:
    """On as many new kinds, drawn as the first ones were: most give none, some give many."""
    rng = np.random.default_rng(0)
    held = []
    for _ in range(400):
        kinds = rng.poisson(rng.gamma(0.4, 4.0, size=(2, 20)))
        held.append(kinds[1].sum() / 0.2 <= rate_bound(kinds[0].tolist(), [0.01] * 20))
    assert 0.85 <= np.mean(held) <= 0.97


def test_too_few_kinds_bound_nothing() -> None:
    """And that is what their line says."""
    rate = alarm_rate([3, 1], [0.5, 0.5], "2 kinds of sound")
    assert "4.0 an hour on 2 kinds of sound, too few to say what others give" == str(rate)
    assert rate == AlarmRate.from_dict(rate.to_dict())


def test_a_rate_reads_back_from_figures_of_a_card() -> None:
    """Figures that lack it, or hold something else there, have none."""
    rate = alarm_rate([1, 0, 0, 2, 0, 0, 0, 0], [0.01] * 8, "8 kinds of sound")
    assert rate.to_dict() == AlarmRate.from_dict({"event_f1_macro": 0.5, **rate.to_dict()}).to_dict()  # type: ignore[union-attr]
    assert str(rate).startswith("38 an hour on 8 kinds of sound, on new ones at most ")
    assert None is AlarmRate.from_dict({"false_alarms_per_hour": "few"})


def test_a_bound_of_the_next_night_says_so() -> None:
    """On its line and in a card."""
    rate = AlarmRate(per_hour=0.0, bound_per_hour=0.375, counted_on="8 quiet hours", bound_on="the next 8 h")
    assert "0 an hour on 8 quiet hours, on the next 8 h at most 9 a day (9 times of 10)" == str(rate)
    assert rate == AlarmRate.from_dict(rate.to_dict())


def test_rates_are_read_and_written_in_their_unit() -> None:
    """An hour or a day."""
    assert (0.5, 3.0, None, None) == tuple(map(parse_rate, ("12/day", "3/hour", "3/", "nan")))
    assert ["12 a day", "1.5 an hour", "0 an hour"] == list(map(describe_rate, (0.5, 1.5, 0.0)))
