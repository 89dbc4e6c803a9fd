"""Spans of a line, as (onset, offset): found in a mask, and joined where they meet."""

from collections.abc import Iterable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Place = TypeVar("Place", int, float)


def runs(on: NDArray[Any]) -> list[tuple[int, int]]:
    """First place, and the place after the last, of each stretch of a mask that is on.

    >>> runs(np.array([0, 1, 1, 0, 1]))
    [(1, 3), (4, 5)]
    """
    edges = np.flatnonzero(np.diff(on.astype(bool), prepend=False, append=False)).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))


def joined(spans: Iterable[tuple[Place, Place]], gap: int = 0, touching: bool = False) -> list[tuple[Place, Place]]:
    """Make one of spans that overlap, or are less than `gap` apart.

    >>> joined([(0, 4), (2, 3), (4, 6), (8, 9)])
    [(0, 4), (4, 6), (8, 9)]
    >>> joined([(0, 4), (2, 3), (4, 6), (8, 9)], touching=True)
    [(0, 6), (8, 9)]

    Args:
        spans: by onset.
        gap: in the unit of the spans.
        touching: also those that are just `gap` apart.
    """
    kept: list[tuple[Place, Place]] = []
    for onset, offset in spans:
        if kept and (onset - kept[-1][1] < gap or (touching and onset - kept[-1][1] == gap)):
            kept[-1] = (kept[-1][0], max(offset, kept[-1][1]))
        else:
            kept.append((onset, offset))
    return kept
