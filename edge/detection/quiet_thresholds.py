"""Thresholds for one place, from the false alarms of its quiet hours.

A threshold that is set just above the highest peak of a night passes that night by construction, and says less about
the next. So each label whose threshold was raised is charged with what the occasion that set it would have given if it
had not been there to set it: its false alarms above the highest peak of the other occasions. Whatever the scores look
like, the next night is as likely to have such an occasion as this one was.

With an aim, thresholds are tried from the strictest on, up to the first that promises more than the aim (fixed-sequence
testing: A. N. Angelopoulos et al., "Learn then test", 2021).
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edge.detection.occasions import QuietEvent, group_occasions, next_alarms
from edge.model import ClassDecoding

_STEPS = 10**6  # thresholds have six digits
_MOST = 0.999999  # of these digits


@dataclass(frozen=True, kw_only=True)
class QuietThresholds:
    """What quiet hours say.

    Attributes:
        on: label -> its new threshold, of those that were raised.
        left: false alarms that remain in these hours.
        charged: those that the raised thresholds are charged with.
    """

    on: dict[str, float]
    left: tuple[QuietEvent, ...]
    charged: tuple[QuietEvent, ...] = ()

    def bound_per_hour(self, hours: float) -> float:
        """What the next hours, as many, give at most, nine times of ten."""
        return next_alarms([len(one) for one in group_occasions(self.left + self.charged)]) / hours

    def applied_to(self, decoding: Mapping[str, ClassDecoding]) -> dict[str, ClassDecoding]:
        """Settings with these thresholds."""
        return {label: dataclasses.replace(one, on=self.on.get(label, one.on)) for label, one in decoding.items()}


def raise_thresholds(
    alarms: Sequence[QuietEvent], decoding: Mapping[str, ClassDecoding], hours: float, per_hour: float | None
) -> QuietThresholds:
    """Raise the thresholds of labels that gave false alarms; those that take the highest threshold stay first.

    Args:
        alarms: the false alarms.
        decoding: the present settings.
        hours: that were counted.
        per_hour: how many false alarms an hour the bound may allow; None: none is left in these hours but those that no
            threshold keeps out, with a score of 1.

    Returns:
        The thresholds that leave most false alarms of those within the aim; the strictest, if these promise more.
    """
    by_strictness = sorted(alarms, key=lambda one: _logit(one.peak) - _logit(decoding[one.label].on))
    removable = [one for one in by_strictness if one.peak < _MOST]
    never = [one for one in by_strictness if one.peak >= _MOST]
    kept = _without(removable, never)
    if per_hour is None or kept.bound_per_hour(hours) > per_hour:
        return kept
    for removed in range(len(removable) - 1, -1, -1):
        looser = _without(removable[:removed], removable[removed:] + never)
        if looser.bound_per_hour(hours) > per_hour:
            break
        kept = looser
    return kept


def _without(removed: Sequence[QuietEvent], left: Sequence[QuietEvent]) -> QuietThresholds:
    on: dict[str, float] = {}
    charged: list[QuietEvent] = []
    for label in sorted({one.label for one in removed}):
        occasions = group_occasions(one for one in removed if one.label == label)
        *others, highest = sorted((_highest(occasion), number) for number, occasion in enumerate(occasions))
        on[label] = _just_above(highest[0])
        without_it = others[-1][0] if others else 0.0
        charged += [one for one in occasions[highest[1]] if one.peak > without_it]
    return QuietThresholds(on=on, left=tuple(left), charged=tuple(charged))


def _highest(occasion: Sequence[QuietEvent]) -> float:
    return max(one.peak for one in occasion)


def _just_above(peak: float) -> float:
    """The next threshold of six digits."""
    return min((math.floor(peak * _STEPS) + 1) / _STEPS, _MOST)


def _logit(probability: float) -> float:
    inside: float = min(max(probability, 1e-9), 1 - 1e-9)
    return math.log(inside) - math.log1p(-inside)
