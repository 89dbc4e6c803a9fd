"""What is known of the sound of each reviewed clip.

Clips of one source overlap: two barks two seconds apart are in each other's clips.

    clip A   |--[bark]--------[bark]--|
    clip B           |--------[bark]--------[?]--|      ? is not reviewed
    of B             |--------[bark]-----|

So an example has all events that a reviewer confirmed in its stretch of sound, whichever clip they were reported with,
and ends where a reported event begins of which nobody knows whether it is one. (A near miss that nobody has reviewed
counts as no event.) It also ends at midnight (UTC), so that no sound is on both sides when days are split.
"""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from review.store import NEAR_MISS, UNSURE, Clip, Review

_SHORTEST_SECONDS = 0.01  # of a neighbour's event that reaches into an example


class Span(NamedTuple):
    """An event within an example: onset and offset in seconds, and its label."""

    onset: float
    offset: float
    label: str


@dataclass(frozen=True, kw_only=True)
class Example:
    """A stretch of a reviewed clip, all events of which are known.

    Attributes:
        clip: that it is of.
        review: of the clip.
        begin: seconds within the clip.
        end: seconds within the clip.
        events: in seconds since `begin`; those of one label do not overlap. Without any, it is a sound that was
            taken for an event and is none.
    """

    clip: Clip
    review: Review
    begin: float
    end: float
    events: tuple[Span, ...]

    @property
    def is_whole(self) -> bool:
        """Whether it is the whole clip."""
        return self.begin == 0.0 and self.end == self.clip.seconds


class Left(NamedTuple):
    """Reviewed clips that are no examples: how many, and why.

    Attributes:
        unsure: the reviewer was not sure.
        overlapped: an event that is not reviewed sounds at the same time.
    """

    unsure: int
    overlapped: int


class _Known(NamedTuple):
    """An event in seconds since a clip began; `label` is None if nobody knows whether it is one."""

    onset: float
    offset: float
    label: str | None

    def later(self, seconds: float) -> "_Known":
        return self._replace(onset=self.onset + seconds, offset=self.offset + seconds)


def examples_of(clips: Sequence[tuple[Clip, Review | None]]) -> tuple[list[Example], Left]:
    """The examples among clips, in their order, and how many reviewed clips are none.

    Args:
        clips: all there are, with the reviews that count.
    """
    near = _neighbours([clip for clip, _ in clips])
    left: Counter[str] = Counter()
    examples = []
    for number, (clip, review) in enumerate(clips):
        if review is None:
            continue
        if review.verdict == UNSURE:
            left["unsure"] += 1
            continue
        others = [
            known.later(clips[other][0].begin_seconds - clip.begin_seconds)
            for other in near[number]
            if (known := _known(*clips[other])) is not None
        ]
        example = _example(clip, review, others)
        if example is None:
            left["overlapped"] += 1
        else:
            examples.append(example)
    return examples, Left(left["unsure"], left["overlapped"])


def _neighbours(clips: Sequence[Clip]) -> dict[int, list[int]]:
    """The other clips whose sound each one shares, by number."""
    near: dict[int, list[int]] = defaultdict(list)
    by_source: dict[tuple[str, bool], list[int]] = defaultdict(list)
    for number, clip in enumerate(clips):
        by_source[clip.source, clip.begin_at is None].append(number)
    for numbers in by_source.values():
        numbers.sort(key=lambda number: clips[number].begin_seconds)
        for place, number in enumerate(numbers):
            end = clips[number].begin_seconds + clips[number].seconds
            for other in numbers[place + 1 :]:
                if clips[other].begin_seconds >= end:
                    break
                near[number].append(other)
                near[other].append(number)
    return near


def _known(clip: Clip, review: Review | None) -> _Known | None:
    """What is known of the event of a clip; None if it is none, as is a near miss that nobody has reviewed."""
    if review is None and clip.kind == NEAR_MISS:
        return None
    if review is None or review.verdict == UNSURE:
        return _Known(clip.onset, clip.offset, None)
    if review.true_label is None or review.true_onset is None or review.true_offset is None:
        return None
    return _Known(review.true_onset, review.true_offset, review.true_label)


def _example(clip: Clip, review: Review, others: Sequence[_Known]) -> Example | None:
    own = _known(clip, review)
    onset, offset = (clip.onset, clip.offset) if own is None else (own.onset, own.offset)
    begin, end = 0.0, clip.seconds
    for limit in [*_midnights(clip), *(one for one in others if one.label is None)]:
        if limit.offset <= onset:
            begin = max(begin, limit.offset)
        elif limit.onset >= offset:
            end = min(end, limit.onset)
        elif limit.offset > limit.onset:
            return None
    spans = (
        Span(max(one.onset, begin) - begin, min(one.offset, end) - begin, one.label)
        for one in [*([] if own is None else [own]), *others]
        if one.label is not None and min(one.offset, end) - max(one.onset, begin) >= _SHORTEST_SECONDS
    )
    return Example(clip=clip, review=review, begin=begin, end=end, events=_merged(spans))


def _midnights(clip: Clip) -> list[_Known]:
    """The midnight within a clip, as an event without length."""
    if clip.begin_at is None:
        return []
    day = clip.begin_at.astimezone(UTC).date() + timedelta(days=1)
    at = (datetime(day.year, day.month, day.day, tzinfo=UTC) - clip.begin_at).total_seconds()
    return [_Known(at, at, None)] if at < clip.seconds else []


def _merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Those of one label that overlap are one; by onset."""
    merged: dict[str, list[Span]] = defaultdict(list)
    for span in sorted(spans):
        of_label = merged[span.label]
        if of_label and span.onset <= of_label[-1].offset:
            of_label[-1] = of_label[-1]._replace(offset=max(of_label[-1].offset, span.offset))
        else:
            of_label.append(span)
    return tuple(sorted(itertools.chain(*merged.values())))
