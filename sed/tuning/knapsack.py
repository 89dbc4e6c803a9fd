"""One setting of each class, so that the sum of their values is greatest and that of their costs fits a capacity."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Costs = NDArray[np.int64]


class Knapsack:
    """Chooses one candidate of each class; exact, by dynamic programming over all capacities at once.

    Args:
        values: of each class `[candidates]`.
        costs: of each class `[candidates]`, not negative.
        capacity: the greatest that will be asked for.
    """

    def __init__(self, values: Sequence[Values], costs: Sequence[Costs], capacity: int) -> None:
        # More than all of them together could not be spent.
        self.capacity = min(capacity, sum(int(cost.max()) for cost in costs))
        self._costs, self._choices = costs, list[NDArray[np.int64]]()
        self._best = np.zeros(max(self.capacity + 1, 0))  # by capacity, over the classes so far
        for worth, cost in zip(values, costs, strict=True):
            better, choice = np.full(len(self._best), -np.inf), np.zeros(len(self._best), dtype=np.int64)
            for candidate in _worth_their_cost(worth, cost, self.capacity):
                spent = int(cost[candidate])
                totals = self._best[: len(self._best) - spent] + worth[candidate]
                rises = totals > better[spent:]
                better[spent:][rises], choice[spent:][rises] = totals[rises], candidate
            self._best = better
            self._choices.append(choice)

    def within(self, capacity: int) -> list[int] | None:
        """The index of the chosen candidate of each class at this capacity; None if nothing fits."""
        left = min(capacity, self.capacity)
        if left < 0 or np.isneginf(self._best[left]):
            return None
        chosen = []
        for cost, choice in zip(reversed(self._costs), reversed(self._choices), strict=True):
            chosen.append(int(choice[left]))
            left -= int(cost[chosen[-1]])
        return chosen[::-1]


def _worth_their_cost(worth: Values, cost: Costs, most: int) -> list[int]:
    """The candidates that are better than all cheaper ones, by cost."""
    found, best = [], -np.inf
    for candidate in np.lexsort((-worth, cost)).tolist():
        if cost[candidate] > most:
            break
        if worth[candidate] > best:
            found.append(candidate)
            best = worth[candidate]
    return found
