"""How many false alarms an hour were counted, and how many other sounds may give.

Most false alarms come from few kinds of sound: a rate that was counted on ten kinds is a sample of ten, however many
hours of them there were. So the bound is predictive, over kinds (the Bayesian bootstrap: D. B. Rubin, 1981): the kinds,
and one more that is as bad as the worst, get random weights; as many kinds as were counted are drawn by these weights;
in nine draws of ten their rate is at most the bound. On made-up kinds of which most give no false alarm and a few give
many, it held for 85 to 92 % of new ones with 20 kinds, for 78 to 88 % with ten. It is never below what the hours alone
allow: without a single alarm in 8 h, the true rate may be 0.29 an hour.
"""

import functools
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.9  # of all bounds, one-sided
_LEAST_GROUPS = 8  # fewer say nothing about others
_DRAWS = 2000
_KEYS = ("false_alarms_per_hour", "false_alarms_per_hour_bound", "false_alarms_counted_on")
_BOUND_ON = "false_alarms_bound_on"
_OTHERS = "new ones"


@dataclass(frozen=True, kw_only=True)
class AlarmRate:
    """False alarms counted where nothing was to be reported.

    Attributes:
        per_hour: as counted.
        bound_per_hour: what as many other kinds of sound, recordings or hours give at most, nine times of ten; None if
            too few were counted to say.
        counted_on: how many kinds of sound or recordings, such as `10 kinds of sound`; empty if not known.
        bound_on: what the bound is of: as many others, or such as `the next 8 h`.
    """

    per_hour: float
    bound_per_hour: float | None
    counted_on: str
    bound_on: str = _OTHERS

    def to_dict(self) -> dict[str, Any]:
        """As a model's card keeps it among its figures."""
        bound = None if self.bound_per_hour is None else round(self.bound_per_hour, 3)
        figures = dict(zip(_KEYS, (round(self.per_hour, 3), bound, self.counted_on), strict=True))
        return figures if self.bound_on == _OTHERS else {**figures, _BOUND_ON: self.bound_on}

    @classmethod
    def from_dict(cls, figures: Mapping[str, Any]) -> "AlarmRate | None":
        """What `to_dict` wrote among other figures; None if they lack it, or are not of its form."""
        per_hour, bound, counted_on = (figures.get(key) for key in _KEYS)
        if not isinstance(per_hour, int | float) or not isinstance(bound, int | float | None):
            return None
        bound_on = str(figures.get(_BOUND_ON, _OTHERS))
        return cls(per_hour=per_hour, bound_per_hour=bound, counted_on=str(counted_on or ""), bound_on=bound_on)

    def __str__(self) -> str:
        """One line about it."""
        text = f"{describe_rate(self.per_hour)} on {self.counted_on or 'recordings without events'}"
        if self.bound_per_hour is None:
            return f"{text}, too few to say what others give"
        return f"{text}, on {self.bound_on} at most {describe_rate(self.bound_per_hour)} (9 times of 10)"


def describe_rate(per_hour: float) -> str:
    """A rate in the unit that suits it.

    >>> describe_rate(54.2), describe_rate(0.29)
    ('54 an hour', '7 a day')
    """
    if 0 < per_hour < 1:
        return f"{24 * per_hour:.2g} a day"
    return f"{per_hour:.{0 if per_hour > 9.95 or per_hour == 0 else 1}f} an hour"


def parse_rate(text: str) -> float | None:
    """A rate as a person types it, an hour: `60`, `60/hour`, `2/day`; None if it is no rate.

    >>> parse_rate("60"), parse_rate("12/day"), parse_rate("2/week")
    (60.0, 0.5, None)
    """
    number, slash, unit = text.partition("/")
    try:
        per_hour = float(number) / {"": 1, "/hour": 1, "/day": 24}[slash + unit]
    except (ValueError, KeyError):
        return None
    return per_hour if 0 <= per_hour < math.inf else None


def alarm_rate(alarms: Sequence[int], hours: Sequence[float], counted_on: str) -> AlarmRate:
    """The rate of false alarms in groups of recordings, and its bound.

    Args:
        alarms: of each group.
        hours: length of each group.
        counted_on: how many of what they are, such as `10 kinds of sound`.
    """
    few = len(alarms) < _LEAST_GROUPS
    return AlarmRate(
        per_hour=sum(alarms) / sum(hours),
        bound_per_hour=None if few else rate_bound(alarms, hours),
        counted_on=counted_on,
    )


def rate_bound(alarms: Sequence[int], hours: Sequence[float]) -> float:
    """What as many new groups give at most an hour, nine times of ten; see `alarm_rate`."""
    drawn = _draws(len(alarms))
    counted, lengths = np.array([*alarms, max(alarms)]), np.array([*hours, sum(hours) / len(hours)])
    by_kinds = float(np.quantile(drawn @ counted / (drawn @ lengths), CONFIDENCE))
    return max(by_kinds, poisson_bound(sum(alarms)) / sum(hours))


@functools.lru_cache(maxsize=8)
def _draws(groups: int) -> NDArray[np.int64]:
    """How often each group, and the one more, is drawn: `[draws, groups + 1]`."""
    rng = np.random.default_rng(0)
    return rng.multinomial(groups, rng.dirichlet(np.ones(groups + 1), size=_DRAWS))


def poisson_bound(count: int) -> float:
    """The greatest mean of a Poisson variable that is not refuted by `count`: chi2(0.9, 2 count + 2) / 2.

    >>> round(poisson_bound(0), 3), round(poisson_bound(3), 3)
    (2.303, 6.681)
    """
    factorials = np.array([0.0, *itertools.accumulate(math.log(k) for k in range(1, count + 1))])
    low, high = float(count), count + 5 * math.sqrt(count) + 5
    for _ in range(60):
        mean = (low + high) / 2
        chance = float(np.exp(np.arange(count + 1) * math.log(mean) - mean - factorials).sum())  # of `count` or fewer
        low, high = (mean, high) if chance > 1 - CONFIDENCE else (low, mean)
    return high
