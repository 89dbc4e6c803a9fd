"""Several subjects in turn, round after round: on a shared machine only ratios within a round mean something."""

import time
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Key = TypeVar("Key", bound=Hashable)
Seconds = NDArray[np.float64]
_ROUND_SECONDS, _MOST_CALLS = 0.1, 200


def measure(
    subjects: Mapping[Key, Callable[[], object]], rounds: Iterable[int], least_calls: int = 20
) -> dict[Key, Seconds]:
    """Time all subjects.

    Each is called until it is warm; how long that took says how often a round calls it.

    Args:
        subjects: what to call, without side effects on each other.
        rounds: one item a round.
        least_calls: of each subject in a round.

    Returns:
        Seconds `[rounds, calls]` by subject.
    """
    calls = {key: _warm_up(call, least_calls) for key, call in subjects.items()}
    taken: dict[Key, list[Seconds]] = {key: [] for key in subjects}
    for _ in rounds:
        for key, call in subjects.items():
            taken[key].append(np.array([_time(call) for _ in range(calls[key])]))
    return {key: np.stack(of_one) for key, of_one in taken.items()}


def _warm_up(call: Callable[[], object], least_calls: int) -> int:
    """How often a round calls it."""
    _time(call)
    seconds = [_time(call)]
    while len(seconds) < least_calls and sum(seconds) < _ROUND_SECONDS:
        seconds.append(_time(call))
    return min(_MOST_CALLS, max(least_calls, round(_ROUND_SECONDS / float(np.median(seconds)))))


def _time(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began
