"""The most informative clips first.

1. near the threshold   the score is at most 0.1 from it; of the label with the fewest reviews first, then the nearest
2. rare labels          those with fewer than ten reviews, the rarest first
3. random               all others, in an order that stays the same from run to run

The first say most of where a threshold belongs, the second keep every label in sight, the third tell how good the model
is: the other two are no sample of what it reports.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping

from review.store import PICKED, Clip, Review

_NEAR = 0.1
_ENOUGH = 10  # reviews of a label


def in_order(clips: Iterable[Clip], reviewed: Mapping[str, int]) -> list[tuple[Clip, str]]:
    """The clips in the order in which they are asked about, and why each has its place: one of `PICKED`.

    Args:
        clips: that are not reviewed.
        reviewed: how many clips of each label are.
    """
    left = list(clips)
    count = Counter(clip.label for clip in left)

    def place(clip: Clip) -> tuple[int, int, float]:
        done, distance, chance = reviewed.get(clip.label, 0), abs(clip.score - clip.decoding.on), _chance(clip)
        if distance <= _NEAR:
            return 0, done, distance
        return (1, done + count[clip.label], chance) if done < _ENOUGH else (2, 0, chance)

    return [(clip, PICKED[rank[0]]) for rank, clip in sorted(((place(clip), clip) for clip in left), key=_rank)]


def reviews_by_label(newest: Iterable[Review]) -> Counter[str]:
    """How many clips of each label are reviewed."""
    return Counter(review.label for review in newest)


def _rank(placed: tuple[tuple[int, int, float], Clip]) -> tuple[int, int, float]:
    return placed[0]


def _chance(clip: Clip) -> float:
    """Between 0 and 1, by the clip's name."""
    return int.from_bytes(hashlib.sha256(clip.name.encode()).digest()[:8]) / 2**64
