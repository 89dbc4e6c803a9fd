"""Thresholds for one place, from the false alarms of its quiet hours.

A threshold that is set just above the highest peak of a night passes that night by construction, and says less about
the next: where the n-th highest peak of T hours sets it, the expected false alarms in T hours above it are a gamma
variable of shape n. So each label whose threshold was raised counts as one false alarm more, and the bound of the sum
is that of a count (`poisson_bound`). It holds for the next night if that is like this one and false alarms come one by
one, whatever the scores look like.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edge.detection.alarm_rate import poisson_bound
from edge.model import ClassDecoding

_STEPS = 10**6  # thresholds have six digits
_MOST = 0.999999  # of these digits


@dataclass(frozen=True, kw_only=True)
class QuietThresholds:
    """What quiet hours say.

    Attributes:
        on: label -> its new threshold, of those that were raised.
        left: false alarms that remain in these hours.
    """

    on: dict[str, float]
    left: int

    def bound_per_hour(self, hours: float) -> float:
        """What as many hours like these give at most, nine times of ten."""
        return poisson_bound(self.left + len(self.on)) / hours


def raise_thresholds(
    peaks: Mapping[str, Sequence[float]], decoding: Mapping[str, ClassDecoding], hours: float, per_hour: float | None
) -> QuietThresholds:
    """Raise the thresholds of labels that gave false alarms; those that take the highest threshold stay first.

    Args:
        peaks: label -> confidence of each of its false alarms.
        decoding: the present settings.
        hours: that were heard.
        per_hour: how many false alarms an hour the bound may allow; None: none is left in these hours but those that no
            threshold keeps out, with a score of 1.

    Returns:
        The thresholds that leave most false alarms of those within the aim; if none are, those with the least bound.
    """
    alarms = [(_logit(peak) - _logit(decoding[label].on), peak, label) for label in peaks for peak in peaks[label]]
    removable = sorted(alarm for alarm in alarms if alarm[1] < _MOST)
    tried = [_without(removable[:removed], len(alarms) - removed) for removed in range(len(removable) + 1)]
    if per_hour is None:
        return tried[-1]
    within = [one for one in tried if one.bound_per_hour(hours) <= per_hour]
    return within[0] if within else min(tried, key=lambda one: one.bound_per_hour(hours))


def _without(removed: Sequence[tuple[float, float, str]], left: int) -> QuietThresholds:
    highest: dict[str, float] = {}
    for _, peak, label in removed:
        highest[label] = max(peak, highest.get(label, 0.0))
    return QuietThresholds(on={label: _just_above(peak) for label, peak in highest.items()}, left=left)


def _just_above(peak: float) -> float:
    """The next threshold of six digits."""
    return min((math.floor(peak * _STEPS) + 1) / _STEPS, _MOST)


def _logit(probability: float) -> float:
    inside: float = min(max(probability, 1e-9), 1 - 1e-9)
    return math.log(inside) - math.log1p(-inside)
