"""New thresholds for an aim.

What a score is worth differs by label: the chance that an event is right is fitted as

    logit chance = a * (logit peak - logit on) + b + b_label

with b_label drawn to 0, so that a label with two reviews is judged by all of them. A threshold per label is then where
this chance reaches one value, the same for all labels; this value is chosen for the aim. A label without reviews keeps
its threshold, and none falls below the lowest score that was reviewed: nothing is known of what lies there.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adapt.examples import Example
from adapt.solving import Floats, fit_logistic, logit, sigmoid
from edge.detection import parse_rate, poisson_bound, rate_bound
from edge.errors import SettingError
from edge.model import Card, ClassDecoding

_SLOPE_PRECISION, _COMMON_PRECISION, _LABEL_PRECISION = 10.0, 0.01, 2.0
_LEAST_SLOPE = 0.2
_LEAST_ON, _LEAST_OFF, _GREATEST_ON = 0.002, 0.001, 0.999999
_LEAST_GROUPS = 8  # for a bound over days


@dataclass(frozen=True, kw_only=True)
class Aim:
    """What thresholds are chosen for.

    Attributes:
        name: `recall` (the fewest false alarms with as many right events as before), `event-f1`, or `false-alarms`.
        per_hour: for `false-alarms`, the most of all labels together.
        hours: of listening that the reviews are of, for `false-alarms`.
    """

    name: str
    per_hour: float = 0.0
    hours: float = 0.0

    @classmethod
    def parse(cls, text: str, hours: float | None) -> "Aim":
        """Read `recall`, `event-f1`, or `false-alarms=N`, `false-alarms=N/day`.

        Raises:
            SettingError: if it is something else, or hours are missing.
        """
        name, _, value = text.partition("=")
        if name == "false-alarms" and (per_hour := parse_rate(value)):
            if hours is None or hours <= 0:
                raise SettingError(f"--aim {text}: how long was listened? Add --hours, such as --hours 168 for a week")
            return cls(name=name, per_hour=per_hour, hours=hours)
        if text not in ("recall", "event-f1"):
            raise SettingError(f"--aim {text}: expected recall, event-f1 or false-alarms=N, N per hour, or N/day")
        return cls(name=text)

    def bound(self, alarms: Sequence[int]) -> float:
        """What as many such days give at most an hour, nine times of ten, by the false alarms of each day."""
        if len(alarms) < _LEAST_GROUPS:
            return poisson_bound(sum(alarms)) / self.hours
        return rate_bound(alarms, [self.hours / len(alarms)] * len(alarms))


def choose_thresholds(
    card: Card, examples: Sequence[Example], peaks: Sequence[float], aim: Aim
) -> dict[str, ClassDecoding]:
    """Decoder settings with new thresholds for the labels that have examples.

    Args:
        card: of the model, with its present settings.
        examples: reviewed.
        peaks: of each, by the model that the thresholds are for.
        aim: what to choose for.
    """
    labels = sorted({one.label for one in examples})
    on = {label: card.decoding[label].on for label in labels}
    margins = logit(np.array(peaks)) - logit(np.array([on[one.label] for one in examples]))
    right = np.array([one.right for one in examples])
    slope, offsets = _fit(margins, right, [labels.index(one.label) for one in examples], len(labels))
    chances = slope * margins + np.array([offsets[labels.index(one.label)] for one in examples])
    least = _least_chance(chances, right, examples, aim)
    chosen = {}
    for label, offset in zip(labels, offsets, strict=True):
        listed = [at for at, one in zip(peaks, examples, strict=True) if one.label == label and one.listed]
        lowest = min(listed, default=on[label])
        chosen[label] = _shifted(card.decoding[label], (least - offset) / slope, lowest)
    return chosen


def _fit(margins: Floats, right: NDArray[np.bool_], labels: Sequence[int], count: int) -> tuple[float, Floats]:
    """The slope, and for each label what is added."""
    columns = np.zeros((len(margins), 2 + count))
    columns[:, 0], columns[:, 1] = np.clip(margins, -8.0, 8.0), 1.0
    columns[np.arange(len(margins)), 2 + np.array(labels)] = 1.0
    precision = np.array([_SLOPE_PRECISION, _COMMON_PRECISION, *[_LABEL_PRECISION] * count])
    prior = np.array([1.0, *[0.0] * (1 + count)])
    ones, zeros = np.ones(len(margins)), np.zeros(len(margins))
    found = fit_logistic(columns, right.astype(np.float64), ones, zeros, precision, prior)
    return max(float(found[0]), _LEAST_SLOPE), found[1] + found[2:]


def _least_chance(chances: Floats, right: NDArray[np.bool_], examples: Sequence[Example], aim: Aim) -> float:
    """The logit of the chance from which on events are reported."""
    reported = np.array([one.reported for one in examples])
    enough = int((right & reported).sum())
    best, chosen = -np.inf, float(chances.max()) + 1.0
    candidates = np.unique(chances)[::-1]
    lower = [*candidates[1:], candidates[-1] - 1.0]  # halfway to the next one: new events lie a little beside
    for at, below in zip(candidates, lower, strict=True):
        passed = chances >= at
        worth = _worth(passed & right, passed & ~right, int(right.sum()), enough, examples, aim)
        if worth > best:
            best, chosen = worth, float(at + below) / 2
    return chosen


def _worth(
    hits: NDArray[np.bool_], alarms: NDArray[np.bool_], right: int, enough: int, examples: Sequence[Example], aim: Aim
) -> float:
    """What it is worth for the aim to report these hits and false alarms."""
    found, wrong = int(hits.sum()), int(alarms.sum())
    if aim.name == "recall":
        return min(found, enough) - 1e-3 * wrong
    if aim.name == "event-f1":
        return 2 * found / (found + wrong + right)
    by_group = dict.fromkeys((one.group for one in examples), 0)
    for one, is_alarm in zip(examples, alarms, strict=True):
        by_group[one.group] += int(is_alarm)
    return float(found) if aim.bound([*by_group.values()]) <= aim.per_hour else -np.inf


def _shifted(decoding: ClassDecoding, shift: float, lowest: float) -> ClassDecoding:
    """Both thresholds moved alike, on the scale of logits, but not below the lowest score that was reviewed."""
    on = float(np.clip(sigmoid(logit(decoding.on) + shift), min(decoding.on, max(lowest, _LEAST_ON)), _GREATEST_ON))
    off = float(sigmoid(logit(decoding.off) + logit(on) - logit(decoding.on)))
    on = round(on, 6)
    return dataclasses.replace(decoding, on=on, off=min(on, max(_LEAST_OFF, round(off, 6))))


def with_thresholds(card: Card, chosen: Mapping[str, ClassDecoding]) -> Card:
    """The card with these settings."""
    return dataclasses.replace(card, decoding={**card.decoding, **chosen})
