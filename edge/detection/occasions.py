"""Occasions: false alarms that come together, and how many the next hours may bring.

One cause may give many false alarms: a saw next door runs for a quarter of an hour. They are no independent samples of
what other hours bring. So false alarms of a source that follow each other within ten minutes are one occasion.
Occasions of two stretches of equal length with the same rate, of which the first had n, are drawn from both by tossing
a coin: as many as in the second come before the (n + 1)th of the first, which is a negative binomial variable. How many
false alarms an occasion has is drawn from those that were seen and one more that is as bad as the worst (the Bayesian
bootstrap: D. B. Rubin, 1981). Hours without any false alarm say nothing about that: one each.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from edge.detection.alarm_rate import CONFIDENCE

APART_SECONDS = 600.0  # from one onset to the next, of two occasions
_DRAWS = 2000


@dataclass(frozen=True, kw_only=True)
class QuietEvent:
    """An event of quiet hours.

    Attributes:
        source: its name in the log, or the path of a recording.
        label: event label.
        onset: seconds since the source began, as `offset`.
        offset: its end.
        peak: of its smoothed score.
    """

    source: str
    label: str
    onset: float
    offset: float
    peak: float


def group_occasions(events: Iterable[QuietEvent]) -> list[list[QuietEvent]]:
    """The events of each occasion, of all labels."""
    occasions: list[list[QuietEvent]] = []
    for event in sorted(events, key=lambda one: (one.source, one.onset)):
        last = occasions[-1][-1] if occasions else None
        if last is not None and last.source == event.source and event.onset - last.onset < APART_SECONDS:
            occasions[-1].append(event)
        else:
            occasions.append([event])
    return occasions


def next_alarms(sizes: Sequence[int]) -> int:
    """How many false alarms as many hours bring at most, nine times of ten.

    Args:
        sizes: false alarms of each occasion of the hours that were counted.

    >>> next_alarms([]), next_alarms([1]), next_alarms([5])
    (3, 5, 25)
    """
    rng = np.random.default_rng(0)
    occasions = rng.negative_binomial(len(sizes) + 1, 0.5, size=_DRAWS)
    drawn = rng.multinomial(occasions, rng.dirichlet(np.ones(len(sizes) + 1), size=_DRAWS))
    return int(np.quantile(drawn @ [*sizes, max(sizes, default=1)], CONFIDENCE, method="higher"))
