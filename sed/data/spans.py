"""Spans, as (onset, offset): found in a mask, and merged where they overlap."""

from collections.abc import Iterable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Time = TypeVar("Time", int, float)


def runs(on: NDArray[Any]) -> list[tuple[int, int]]:
    """Find the runs of a mask that are on: index of the first element, and of the one after the last.

    >>> runs(np.array([0, 1, 1, 0, 1]))
    [(1, 3), (4, 5)]
    """
    edges = np.flatnonzero(np.diff(on.astype(bool), prepend=False, append=False)).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))


def merge_spans(spans: Iterable[tuple[Time, Time]], gap: int = 0, touching: bool = False) -> list[tuple[Time, Time]]:
    """Merge spans that overlap, or are less than `gap` apart.

    >>> merge_spans([(0, 4), (2, 3), (4, 6), (8, 9)])
    [(0, 4), (4, 6), (8, 9)]
    >>> merge_spans([(0, 4), (2, 3), (4, 6), (8, 9)], touching=True)
    [(0, 6), (8, 9)]

    Args:
        spans: by onset.
        gap: in the unit of the spans.
        touching: also merge those that are exactly `gap` apart.
    """
    kept: list[tuple[Time, Time]] = []
    for onset, offset in spans:
        if kept and (onset - kept[-1][1] < gap or (touching and onset - kept[-1][1] == gap)):
            kept[-1] = (kept[-1][0], max(offset, kept[-1][1]))
        else:
            kept.append((onset, offset))
    return kept
