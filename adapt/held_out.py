"""Before and after, on days that were held out: each day is judged by a model that was fitted to the others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from adapt.examples import Example
from adapt.thresholds import Aim, choose_thresholds, with_thresholds
from edge.model import Card
from edge.model import Floats as Scores

_FOLDS = 5
_DRAWS = 2000
_TAILS = (0.1, 0.9)  # of the interval

Scorer = Callable[[Example], Scores]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a model reports of the reviewed places.

    Attributes:
        found: right ones that it reports.
        right: right ones in all.
        alarms: wrong ones that it reports.
    """

    found: int
    right: int
    alarms: int

    @property
    def f1(self) -> float:
        """F1 of the reviewed places; 0 if nothing is right."""
        return 2 * self.found / max(1, self.found + self.alarms + self.right)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two models on days that were held out.

    Attributes:
        before: of the old model.
        after: of the new one.
        gain: of F1.
        least_gain: it is at least this for nine of ten new draws of the days.
        greatest_gain: it is at most this for nine of ten.
        alarms_by_group: of the new model, in each day or block.
    """

    before: Outcome
    after: Outcome
    gain: float
    least_gain: float
    greatest_gain: float
    alarms_by_group: tuple[int, ...]

    def to_dict(self) -> dict[str, Any]:
        """As the card of the new file keeps it."""
        return {
            "held_out_groups": len(self.alarms_by_group),
            "right": self.after.right,
            "found": [self.before.found, self.after.found],
            "false_alarms": [self.before.alarms, self.after.alarms],
            "f1_gain": [round(value, 4) for value in (self.least_gain, self.gain, self.greatest_gain)],
        }


def folds_of(examples: Sequence[Example]) -> list[list[str]]:
    """The groups that are held out together; each is in one fold."""
    groups = list(dict.fromkeys(one.group for one in examples))
    return [fold for number in range(_FOLDS) if (fold := groups[number::_FOLDS])]


def cross_fit(
    card: Card, examples: Sequence[Example], aim: Aim, fit: Callable[[Sequence[Example]], Scorer]
) -> tuple[Comparison, list[float]]:
    """Judge each fold by a scorer, and thresholds, that were fitted to the others.

    Args:
        card: of the model, with its present settings.
        examples: reviewed.
        aim: that thresholds are chosen for.
        fit: makes a scorer of examples.

    Returns:
        The comparison, and the peak of each example by the scorer that was not fitted to it.
    """
    scores: list[Scores] = [one.scores for one in examples]
    fold_of = {group: number for number, fold in enumerate(folds_of(examples)) for group in fold}
    folds = [fold_of[one.group] for one in examples]
    for fold in sorted(set(folds)):
        scorer = fit([one for one, at in zip(examples, folds, strict=True) if at != fold])
        for number, one in enumerate(examples):
            if folds[number] == fold:
                scores[number] = scorer(one)
    peaks = [
        one.peak(card.decoding[one.label], mine, card.labels.index(one.label))
        for one, mine in zip(examples, scores, strict=True)
    ]
    before = [one.is_detected(card, card.decoding[one.label], one.scores) for one in examples]
    after = [False] * len(examples)
    for fold in sorted(set(folds)):
        others = [number for number in range(len(examples)) if folds[number] != fold]
        chosen = choose_thresholds(card, [examples[k] for k in others], [peaks[k] for k in others], aim)
        settings = with_thresholds(card, chosen).decoding
        for number, one in enumerate(examples):
            if folds[number] == fold:
                after[number] = one.is_detected(card, settings[one.label], scores[number])
    return compare(examples, before, after), peaks


def compare(examples: Sequence[Example], before: Sequence[bool], after: Sequence[bool]) -> Comparison:
    """Compare two models by what each detects of the examples.

    Args:
        examples: none of which the new model was fitted to.
        before: whether the old model detects each.
        after: whether the new one does.
    """
    groups = list(dict.fromkeys(one.group for one in examples))
    counts = np.zeros((len(groups), 2, 3), dtype=np.int64)  # found, right, alarms, before and after
    for one, *detected in zip(examples, before, after, strict=True):
        for model, is_detected in enumerate(detected):
            row = counts[groups.index(one.group), model]
            row += (is_detected and one.right, one.right, is_detected and not one.right)
    outcomes = [_outcome(counts[:, model].sum(axis=0)) for model in range(2)]
    rng = np.random.default_rng(0)
    gains = []
    for _ in range(_DRAWS):
        drawn = counts[rng.integers(len(groups), size=len(groups))].sum(axis=0)
        gains.append(_outcome(drawn[1]).f1 - _outcome(drawn[0]).f1)
    least, greatest = np.quantile(gains, _TAILS)
    return Comparison(
        before=outcomes[0],
        after=outcomes[1],
        gain=outcomes[1].f1 - outcomes[0].f1,
        least_gain=float(least),
        greatest_gain=float(greatest),
        alarms_by_group=tuple(int(count) for count in counts[:, 1, 2]),
    )


def _outcome(counts: "np.ndarray[Any, np.dtype[np.int64]]") -> Outcome:
    found, right, alarms = counts.tolist()
    return Outcome(found=found, right=right, alarms=alarms)
