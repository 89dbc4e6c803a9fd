import itertools

import numpy as np
import pytest

from sed.tuning.knapsack import Knapsack


@pytest.mark.parametrize("seed", range(20))
def test_the_knapsack_equals_an_exhaustive_search(seed: int) -> None:
    """Three classes of six candidates, every combination, at every capacity of one table."""
    rng = np.random.default_rng(seed)
    values, costs = rng.random((3, 6)), rng.integers(0, 8, (3, 6))
    table = Knapsack(list(values), list(costs), 12)
    for capacity in range(12):
        fitting = [
            sum(values[k, choice] for k, choice in enumerate(choices))
            for choices in itertools.product(range(6), repeat=3)
            if sum(costs[k, choice] for k, choice in enumerate(choices)) <= capacity
        ]
        chosen = table.within(capacity)
        if chosen is None:
            assert [] == fitting
        else:
            assert sum(costs[k, choice] for k, choice in enumerate(chosen)) <= capacity
            assert max(fitting) == pytest.approx(sum(values[k, choice] for k, choice in enumerate(chosen)))


def test_the_knapsack_is_limited_by_the_total_cost() -> None:
    """With any larger capacity, each class has its best."""
    values, costs = np.random.default_rng(0).random((3, 6)), np.arange(18).reshape(3, 6)
    assert values.argmax(axis=1).tolist() == Knapsack(list(values), list(costs), 10**12).within(10**12)
