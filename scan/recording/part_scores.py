"""The frame scores of one part of a recording."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.model import Card, Floats, ScoreStream, StepModel, Window
from edge.sources import ChannelChoice, Resampler
from scan.recording.excerpt import Irregular, Recording, read_excerpt
from scan.recording.parts import Entry, Part, Plan, entry_of


class PartScores(NamedTuple):
    """The scores of a part.

    Attributes:
        first_frame: of the recording.
        pushes: number of frames of each step.
        scores: `[frames, classes]`.
        heard_samples: end of the recording's sound, in samples at the model's rate; 0 except for the last part.
        seconds: of sound that belongs to the part.
    """

    first_frame: int
    pushes: list[int]
    scores: Floats
    heard_samples: int
    seconds: float


def score_part(
    recording: Recording, part: Part, plan: Plan, model: StepModel, window: Window, channel: str = "mix"
) -> PartScores:
    """Score one part: to the bit what the whole recording has there.

    Args:
        recording: to read from.
        part: of `plan`.
        plan: of the recording.
        model: runs the steps.
        window: lengths of the sliding window.
        channel: `mix` or a number from 1.

    Raises:
        Irregular: if the recording is not what the plan supposes: process the whole recording then.
        SourceError: if it cannot be read.
    """
    entry = entry_of(part, plan, model.card, window)
    scorer = _Scorer(part, plan, entry, model, window)
    choice = ChannelChoice(channel, recording.name)
    choice.require(plan.outline.channels)
    with recording.open() as container:
        end = None if part.end_step is None else _input_end(scorer.end_sample, plan, model.card)
        pieces = read_excerpt(container, plan.outline, entry.sample, end)
        read_samples = entry.sample
        for block in _joined(pieces, plan.outline.sample_rate):
            read_samples += len(block)
            # Warnings of what mixing loses come where a recording is processed whole.
            scorer.push(block if channel == "mix" else choice.take(block, plan.outline.sample_rate)[0])
            if scorer.done:
                break
    if part.end_step is None:
        scorer.finish(round(Fraction(read_samples * model.card.sample_rate, plan.outline.sample_rate)))
    elif not scorer.done:
        raise Irregular("ends before its time")
    return scorer.result()


class _Scorer:
    """Resamples a part, runs the model, and keeps the scores that belong to the part."""

    def __init__(self, part: Part, plan: Plan, entry: Entry, model: StepModel, window: Window) -> None:
        self._part, self._card, self._hop = part, model.card, window.hop_frames
        self._stream = ScoreStream(model, window)
        self._first = max(0, part.first_step * window.hop_frames - window.lookahead_frames) if part.number else 0
        self._end = None if part.end_step is None else part.end_step * window.hop_frames - window.lookahead_frames
        self._next = entry.frame - window.lookahead_frames if entry.frame else 0
        self._entry, self._context = entry, np.zeros(0, dtype=np.float32)
        self._waiting = entry.skipped_samples  # samples to throw away
        self._pushed = entry.frame * model.card.frame_samples  # of the recording, at the model's rate
        self._resampler = Resampler(plan.outline.sample_rate, model.card.sample_rate)
        self._scores: list[Floats] = []
        self._heard_samples = 0

    @property
    def end_sample(self) -> int:
        """End of what the model must read, at its rate."""
        assert self._part.end_step is not None
        return self._part.end_step * self._hop * self._card.frame_samples

    @property
    def done(self) -> bool:
        """Whether all scores are there."""
        return self._end is not None and self._next >= self._end

    def push(self, samples: NDArray[np.float32]) -> None:
        """Take `[samples, channels]` of the recording."""
        self._feed(self._resampler.push(samples))

    def finish(self, heard_samples: int) -> None:
        """Take the end of the recording, of so many samples at the model's rate."""
        rest = self._resampler.flush()
        self._heard_samples = heard_samples
        missing = max(0, heard_samples - self._pushed)
        self._feed(np.pad(rest[:missing], (0, max(0, missing - len(rest)))))
        for scores in self._stream.flush():
            self._keep(scores)

    def result(self) -> PartScores:
        """All that was kept."""
        none = np.zeros((0, len(self._card.labels)), dtype=np.float32)
        begin = self._part.first_step * self._hop * self._card.frame_samples
        end = self._heard_samples if self._part.end_step is None else self.end_sample
        return PartScores(
            self._first,
            [len(scores) for scores in self._scores],
            np.concatenate([none, *self._scores]),
            self._heard_samples,
            (end - begin) / self._card.sample_rate,
        )

    def _feed(self, samples: Floats) -> None:
        skipped, self._waiting = samples[self._waiting :], max(0, self._waiting - len(samples))
        if self._entry.frame and len(self._context) < self._card.context_samples:
            wanted = self._card.context_samples - len(self._context)
            self._context = np.concatenate([self._context, skipped[:wanted]])
            skipped = skipped[wanted:]
            if len(self._context) == self._card.context_samples:
                self._stream.enter(self._entry.frame, self._context)
        self._pushed += len(skipped)
        for scores in self._stream.push(skipped):
            self._keep(scores)

    def _keep(self, scores: Floats) -> None:
        """The scores of one step: those of the warm-up are not of the part, nor those after its end."""
        begin, self._next = self._next, self._next + len(scores)
        if begin >= self._first and not (self._end is not None and begin >= self._end):
            self._scores.append(scores)


def _input_end(end_sample: int, plan: Plan, card: Card) -> int | None:
    """Where reading may end at the latest: the resampler holds some back."""
    rate = plan.outline.sample_rate
    held_back = plan.alignment.settle_samples + card.sample_rate
    end = (end_sample + held_back) * rate // card.sample_rate + plan.alignment.period_samples
    return end if end < plan.outline.samples else None


def _joined(pieces: Iterable[NDArray[np.float32]], sample_rate: int) -> Iterator[NDArray[np.float32]]:
    """The same in blocks of a second, which cost less."""
    waiting, count = list[NDArray[np.float32]](), 0
    for piece in pieces:
        waiting.append(piece)
        count += len(piece)
        if count >= sample_rate:
            yield np.concatenate(waiting)
            waiting, count = [], 0
    if waiting:
        yield np.concatenate(waiting)
