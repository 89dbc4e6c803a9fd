"""How many clips of each label are reviewed, and how often the model was right.

Of an event, it was right if the verdict is `right`; of a near miss, which it did not report, if the verdict is another.
Clips that a person is unsure of do not count.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from review.store import NEAR_MISS, RIGHT, UNSURE, Clip, Review


@dataclass(frozen=True, kw_only=True)
class LabelProgress:
    """Of one label.

    Attributes:
        label: as reported.
        clips: events and near misses that are on the disk.
        reviewed: clips that have a verdict.
        events: reviewed events that are sure.
        events_right: those of them that are.
        near_misses: reviewed near misses that are sure.
        near_misses_missed: those of them that are events: the model should have reported them.
    """

    label: str
    clips: int
    reviewed: int
    events: int
    events_right: int
    near_misses: int
    near_misses_missed: int


def progress_of(clips: Iterable[Clip], newest: Iterable[Review]) -> list[LabelProgress]:
    """The progress of each label, by label.

    Args:
        clips: all there are.
        newest: the reviews that count; those of clips that are gone, too.
    """
    count, by_label = Counter(clip.label for clip in clips), defaultdict[str, list[Review]](list)
    for review in newest:
        by_label[review.label].append(review)
    return [_of_label(label, count[label], by_label[label]) for label in sorted({*count, *by_label})]


def _of_label(label: str, clips: int, reviews: list[Review]) -> LabelProgress:
    sure = [review for review in reviews if review.verdict != UNSURE]
    events = [review.verdict == RIGHT for review in sure if review.kind != NEAR_MISS]
    near = [review.verdict == RIGHT for review in sure if review.kind == NEAR_MISS]
    return LabelProgress(
        label=label,
        clips=clips,
        reviewed=len(reviews),
        events=len(events),
        events_right=sum(events),
        near_misses=len(near),
        near_misses_missed=sum(near),
    )
