"""Samples -> frame scores, by a sliding window.

    samples      ... ─────────────────┬───── hop ─────┐
    audio                  [ context  |   k new frames ]          goes into the graph
    embeddings   [ W - k old frames            ]                  goes in too; W frames come back
    scores       [ ............................. W frames ]
    emitted                  [ k frames ]< lookahead >            the model has seen what follows them

The window advances over the embeddings by one hop a step. A stream is preceded by samples of silence. Where the
model's head works on a coarse grid, the window begins up to `grid_frames - 1` frames earlier, on a line of that grid.
"""

from typing import NamedTuple, Protocol

import numpy as np

from edge.errors import SettingError
from edge.model.card import Card
from edge.model.inference import Floats, Step
from edge.model.ring_buffer import RingBuffer

_LONGEST_SECONDS = 300  # the cost of attention grows with the square of the window


class StepModel(Protocol):
    """Anything that can run one step: an exported file, or a network in training."""

    card: Card
    embedding_size: int

    def step(self, audio: Floats, embeddings: Floats) -> Step:
        """See `edge.model.inference.Model.step`."""


class Window(NamedTuple):
    """The lengths of the sliding window, in frames."""

    window_frames: int
    hop_frames: int
    lookahead_frames: int

    def warm_up_frames(self, grid_frames: int) -> int:
        """Frames that go through the model before a step sees no embeddings but those of the source's sound."""
        old = self.window_frames - self.hop_frames + grid_frames - 1
        return -(-old // self.hop_frames) * self.hop_frames


def window_of(card: Card, window_seconds: float | None = None, hop_seconds: float | None = None) -> Window:
    """The window of a card, with the lengths that a user chose instead.

    Raises:
        SettingError: if a length is not a whole number of frames, or the window is too short for hop and lookahead.
    """
    window = Window(
        card.window_frames if window_seconds is None else _whole_frames("window", window_seconds, card),
        card.hop_frames if hop_seconds is None else _whole_frames("hop", hop_seconds, card),
        card.lookahead_frames,
    )
    least = window.hop_frames + window.lookahead_frames
    if window.window_frames < least:
        raise SettingError(
            f"a window of {window.window_frames * card.frame_seconds:g} s is too short for a hop of "
            f"{window.hop_frames * card.frame_seconds:g} s and the model's lookahead of "
            f"{window.lookahead_frames * card.frame_seconds:g} s; "
            f"expected at least --window {least * card.frame_seconds:g}"
        )
    return window


def _whole_frames(name: str, seconds: float, card: Card) -> int:
    if not 0 < seconds <= _LONGEST_SECONDS:
        raise SettingError(f"--{name} {seconds:g}: expected more than 0 and at most {_LONGEST_SECONDS} seconds")
    frames = seconds / card.frame_seconds
    nearest = max(1, round(frames))
    if abs(frames - nearest) > 1e-6:
        raise SettingError(
            f"a {name} of {seconds:g} s is not a whole number of the model's frames of {card.frame_seconds:g} s; "
            f"the nearest is --{name} {nearest * card.frame_seconds:g}"
        )
    return nearest


class ScoreStream:
    """Runs a model on the samples of one source.

    Args:
        model: runs the steps.
        window: in frames.
    """

    def __init__(self, model: StepModel, window: Window) -> None:
        self._model, self._window = model, window
        self._hop_frames = self._next_hop_frames = window.hop_frames
        self._ring = RingBuffer(model.card.context_samples + self._hop_samples)
        self._silence: Floats | None = None
        self.reset()

    def reset(self) -> None:
        """Forget everything: the next sample is the first of a source."""
        self._ring.reset()
        self._done_frames = 0  # frames that have gone through the graph
        self._emitted_frames = 0
        self._embeddings: Floats | None = None
        self._scores = np.zeros((0, len(self._model.card.labels)), dtype=np.float32)  # of the last window

    def enter(self, first_frame: int, context: Floats) -> None:
        """Go on in the middle of a source, where one of its steps begins.

        Its scores are those of the whole source, to the bit, from `Window.warm_up_frames` after it on; those before
        are to be thrown away. The first to come is that of frame `first_frame - lookahead_frames`.

        Args:
            first_frame: a multiple of the hop, counted from the source's first frame.
            context: `[context_samples]` before this frame.
        """
        card = self._model.card
        assert first_frame % self._window.hop_frames == 0 and len(context) == card.context_samples, first_frame
        self.reset()
        self._ring.reset(first_frame * card.frame_samples - card.context_samples)
        self._ring.append(context)
        self._done_frames = first_frame
        self._emitted_frames = first_frame - self._window.lookahead_frames

    @property
    def is_at_step(self) -> bool:
        """Whether another model may take over from here: a step has just ended, at a multiple of the hop as set."""
        return self._waiting_samples == 0 and self._done_frames % self._window.hop_frames == 0

    def successor(self, model: StepModel) -> "ScoreStream":
        """A stream of another model, with the same window and frames, which enters here: see `enter`, `is_at_step`."""
        stream, end = ScoreStream(model, self._window), self._ring.end
        stream.enter(self._done_frames, self._ring.read(end - model.card.context_samples, end))
        return stream

    def is_warm(self, entered_frames: int) -> bool:
        """Whether it has gone so far from where it entered that its scores are those of the whole source."""
        warm_up = self._window.warm_up_frames(self._model.card.grid_frames)
        return self.is_at_step and self._done_frames - entered_frames >= warm_up

    @property
    def done_frames(self) -> int:
        """Frames that have gone through the model, since the stream began."""
        return self._done_frames

    def push(self, samples: Floats) -> list[Floats]:
        """Take `[samples]` at the card's rate.

        Returns:
            Scores `[frames, classes]` of the next frames, one array a step.
        """
        emitted = []
        while len(samples) > 0:
            if self._waiting_samples == 0:
                self._take_hop()
            taken = self._hop_samples - self._waiting_samples
            self._ring.append(samples[:taken])
            samples = samples[taken:]
            if self._waiting_samples == self._hop_samples:
                self._step(self._hop_frames)
                emitted.append(self._emit(self._done_frames - self._window.lookahead_frames))
        return [scores for scores in emitted if len(scores) > 0]

    def set_hop(self, frames: int) -> None:
        """Advance by that many frames from the next step on; a wider hop takes fewer steps, and adds latency."""
        assert 0 < frames <= self._window.window_frames - self._window.lookahead_frames, frames
        self._next_hop_frames = frames

    def _take_hop(self) -> None:
        self._hop_frames = self._next_hop_frames
        capacity = self._model.card.context_samples + self._hop_samples
        if capacity > self._ring.capacity:
            self._ring.grow(capacity)

    def flush(self) -> list[Floats]:
        """End the source: score the remaining samples, emit the frames that were held back, then reset.

        A last frame that the source fills only in part is filled up with silence.
        """
        waiting = self._waiting_samples
        if waiting > 0:
            frames = -(-waiting // self._model.card.frame_samples)
            self._ring.append(np.zeros(frames * self._model.card.frame_samples - waiting, dtype=np.float32))
            self._step(frames)
        rest = self._emit(self._done_frames)
        self.reset()
        return [rest] if len(rest) > 0 else []

    @property
    def samples_to_step(self) -> int:
        """How many samples the next step still needs."""
        waiting = self._waiting_samples
        hop_frames = self._hop_frames if waiting > 0 else self._next_hop_frames
        return hop_frames * self._model.card.frame_samples - waiting

    @property
    def _hop_samples(self) -> int:
        return self._hop_frames * self._model.card.frame_samples

    @property
    def _waiting_samples(self) -> int:
        return self._ring.end - self._done_frames * self._model.card.frame_samples

    def _step(self, frames: int) -> None:
        card = self._model.card
        first = self._done_frames + frames - self._window.window_frames  # of the window
        old = self._done_frames - first + first % card.grid_frames
        if self._embeddings is None:
            self._embeddings = self._silent_embeddings()
        audio = self._ring.read(self._ring.end - card.context_samples - frames * card.frame_samples, self._ring.end)
        step = self._model.step(audio[None], self._embeddings[:, self._embeddings.shape[1] - old :])
        self._scores, self._embeddings = step.scores[0], step.embeddings
        self._done_frames += frames

    def _emit(self, until_frame: int) -> Floats:
        """Scores of the frames up to `until_frame` that have not been emitted yet."""
        first, last = (frame - self._done_frames + len(self._scores) for frame in (self._emitted_frames, until_frame))
        if last <= first:
            return self._scores[:0]
        self._emitted_frames = until_frame
        return self._scores[first:last]

    def _silent_embeddings(self) -> Floats:
        """Embeddings of silence, for the part of the first windows that lies before the source."""
        if self._silence is None:
            card = self._model.card
            silence = np.zeros((1, card.context_samples + card.frame_samples), dtype=np.float32)
            none = np.zeros((1, 0, self._model.embedding_size), dtype=np.float32)
            frame = self._model.step(silence, none).embeddings
            self._silence = np.repeat(frame, self._window.window_frames + card.grid_frames, axis=1)
        return self._silence
