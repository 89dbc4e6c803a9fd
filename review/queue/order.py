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


def in_order(clips: Mapping[str, Clip], reviewed: Mapping[str, int]) -> list[tuple[str, str]]:
    """The keys of clips in the order in which they are asked about, and why each has its place: one of `PICKED`.

    Args:
        clips: that are not reviewed, by key.
        reviewed: how many clips of each label are.
    """
    count = Counter(clip.label for clip in clips.values())

    def place(key: str) -> tuple[int, int, float]:
        clip = clips[key]
        done, distance = reviewed.get(clip.label, 0), abs(clip.score - clip.decoding.on)
        if distance <= _NEAR:
            return 0, done, distance
        return (1, done + count[clip.label], _chance(key)) if done < _ENOUGH else (2, 0, _chance(key))

    return [(key, PICKED[rank]) for (rank, _, _), key in sorted((place(key), key) for key in clips)]


def reviews_by_label(newest: Iterable[Review]) -> Counter[str]:
    """How many clips of each label are reviewed."""
    return Counter(review.label for review in newest)


def _chance(key: str) -> float:
    """Between 0 and 1; the same for the same key."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8]) / 2**64
