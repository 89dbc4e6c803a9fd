"""The most informative clips first.

1. near the threshold   their logits differ by at most 1; of the label with the fewest reviews first, then the nearest
2. rare labels          those with fewer than ten reviews, the rarest first
3. random               all others, in an order that stays the same from run to run

The first say most of where a threshold belongs, the second keep every label in sight, the third tell how good the model
is: the other two are no sample of what it reports.
"""

import math
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping

from review.store import PICKED, Clip, Review

_NEAR = 1.0  # of logits: 0.27 to 0.73 for a threshold of 0.5, 0.973 to 0.9963 for one of 0.99
_LEAST = 5e-5  # scores are rounded to 1e-4
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
        done, distance = reviewed.get(clip.label, 0), abs(_logit(clip.score) - _logit(clip.decoding.on))
        if distance <= _NEAR:
            return 0, done, distance
        return (1, done + count[clip.label], _chance(key)) if done < _ENOUGH else (2, 0, _chance(key))

    return [(key, PICKED[rank]) for (rank, _, _), key in sorted((place(key), key) for key in clips)]


def reviews_by_label(newest: Iterable[Review]) -> Counter[str]:
    """How many clips of each label are reviewed."""
    return Counter(review.label for review in newest)


def _chance(key: str) -> int:
    """The same for the same key."""
    return zlib.crc32(key.encode())


def _logit(score: float) -> float:
    kept = min(max(score, _LEAST), 1.0 - _LEAST)
    return math.log(kept / (1.0 - kept))
