"""The parts that a long recording is split into, each of which can be scored without those before it.

    recording   |------------ part 0 -----------|------------ part 1 -----------|----- part 2 -----|
    read for 1             [settle][ context ][ warm-up ]------------------------[lookahead]
                           |       |          |         its first step
                           |       |          embeddings of before the part
                           |       the network's view of the past
                           a place where the resampler can start

A part is a number of the whole recording's steps. What a step says depends on the samples that it reads and on the
embeddings of the steps before it, as many as the window holds; so a part begins that much earlier, and throws those
scores away. Its first scores are those of the frames that the step before left to it, `lookahead_frames` earlier.
"""

from typing import NamedTuple

from edge.model import Card, Window
from scan.recording.alignment import Alignment, find_alignment
from scan.recording.excerpt import Outline


class Part(NamedTuple):
    """One part of a recording.

    Attributes:
        number: from 0.
        first_step: of the whole recording, from 0.
        end_step: the step after its last; None for the last part, which goes to the recording's end.
    """

    number: int
    first_step: int
    end_step: int | None


class Plan(NamedTuple):
    """The parts of a recording.

    Attributes:
        outline: of the recording.
        alignment: of the resampler.
        parts: in order.
    """

    outline: Outline
    alignment: Alignment
    parts: tuple[Part, ...]


def plan_parts(outline: Outline, card: Card, window: Window, part_seconds: float) -> Plan | None:
    """The parts of a recording; None if it is to be processed whole, because it is short or its rate is unusual.

    Args:
        outline: of the recording.
        card: of the model.
        window: its sliding window.
        part_seconds: about how long a part is to be; at least one step.
    """
    step_seconds = window.hop_frames * card.frame_seconds
    steps = max(1, round(part_seconds / step_seconds))
    count = round(outline.samples / outline.sample_rate / (steps * step_seconds))
    if count < 2:
        return None
    alignment = find_alignment(outline.sample_rate, card.sample_rate)
    if alignment is None:
        return None
    ends = [number * steps for number in range(1, count)]
    parts = [
        Part(number, first, end) for number, (first, end) in enumerate(zip([0, *ends], [*ends, None], strict=True))
    ]
    return Plan(outline, alignment, tuple(parts))


class Entry(NamedTuple):
    """Where the work on a part begins.

    Attributes:
        frame: first frame that goes through the model.
        sample: of the recording, at its own rate, where reading begins.
        skipped_samples: at the model's rate, from there to the first that the model reads.
    """

    frame: int
    sample: int
    skipped_samples: int


def entry_of(part: Part, plan: Plan, card: Card, window: Window) -> Entry:
    """Where the work on a part begins: at the recording's beginning, if that is near."""
    frame = part.first_step * window.hop_frames - window.warm_up_frames(card.grid_frames)
    first = frame * card.frame_samples - card.context_samples  # that the model reads
    settled = first - plan.alignment.settle_samples
    periods = settled * plan.outline.sample_rate // (card.sample_rate * plan.alignment.period_samples)
    if frame <= 0 or periods <= 0:
        return Entry(0, 0, 0)
    sample = periods * plan.alignment.period_samples
    return Entry(frame, sample, first - sample * card.sample_rate // plan.outline.sample_rate)
