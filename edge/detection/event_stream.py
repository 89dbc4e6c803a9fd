"""The blocks and gaps of one source -> events: resampling, the sliding window, the decoder.

    sound      ────────────────┐   gap   ┌──────────────── ...
    a short gap ───────────────░░░░░░░░░░───────────────── ...    filled with silence, marked as lost for the decoder
    a long gap ───────── flush ┘         └ a new start, on the same grid of frames

Positions are exact: each is the sum of all blocks and gaps as a fraction, and is rounded only where it is used.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.detection.decoder import Decoder
from edge.detection.events import Event, Onset, frame_edge
from edge.model import Floats, ScoreStream, StepModel, Window
from edge.sources import Block, Gap, Resampler

_LONGEST_FILLED_GAP_SECONDS = 1.0


class FrameScores(NamedTuple):
    """The frame scores of one push to the decoder.

    Attributes:
        first_frame: number of the first frame, counted from the beginning of the source.
        scores: `[frames, classes]`.
        lost: `[frames]`, True where the sound of a frame was lost.
    """

    first_frame: int
    scores: Floats
    lost: NDArray[np.bool_]


@dataclass
class _Successor:
    """A model that is to take over.

    Attributes:
        model: runs the steps.
        decoder: of its scores.
        stream: that hears the source beside the present one; None until a step has ended.
        entered_frames: where it began.
    """

    model: StepModel
    decoder: Decoder
    stream: ScoreStream | None = None
    entered_frames: int = 0


class EventStream:
    """Turns the blocks and gaps of one source into events.

    Args:
        model: runs the steps.
        window: lengths of the sliding window.
        decoder: made for the labels of the model.

    Attributes:
        heard_samples: end of the newest block, in samples at the model's rate since the source began. No event ends
            later.
        onsets: those that became certain in the last call; each appears once.
        scores: those that the last call pushed to the decoder.
        closed_by: `gap`, `end` or `model` if the last call flushed the decoder for that reason, else None.
        taken_over_at: the frame from which on the last call used another model, else None; see `take_over`.
    """

    def __init__(self, model: StepModel, window: Window, decoder: Decoder) -> None:
        self._rate, self._frame_samples = model.card.sample_rate, model.card.frame_samples
        self._stream, self._window = ScoreStream(model, window), window
        self._hop_frames = window.hop_frames  # of the next step
        self._decoder = decoder
        self._resampler: Resampler | None = None
        self._input_rate = 0
        self._position = Fraction(0)  # of the next block, in samples
        self._running = False
        self._first_sample = 0  # of the score stream, since the source began
        self._pushed_samples = 0  # end of what was pushed to the score stream, since the source began
        self._next_frame = 0  # of the decoder
        self._lost: list[tuple[int, int]] = []  # lost frames that are not decoded yet, as [begin, end)
        self.heard_samples = 0
        self.onsets: list[Onset] = []
        self.scores: list[FrameScores] = []
        self.closed_by: str | None = None
        self.taken_over_at: int | None = None
        self._next: _Successor | None = None

    @property
    def position_samples(self) -> int:
        """Position of the source, in samples at the model's rate since it began."""
        return round(self._position)

    @property
    def position_seconds(self) -> Fraction:
        """Position of the source in seconds since it began; exact."""
        return self._position / self._rate

    @property
    def seconds_to_step(self) -> float:
        """How much sound the next step still needs: with less, nothing can be detected. 0 while nothing is heard."""
        if not self._running:
            return 0.0
        in_resampler = self.position_samples - self._pushed_samples
        return (self._stream.samples_to_step + in_resampler) / self._rate

    def set_hop(self, frames: int) -> None:
        """See `ScoreStream.set_hop`."""
        self._hop_frames = frames
        for stream in (self._stream, None if self._next is None else self._next.stream):
            if stream is not None:
                stream.set_hop(frames)

    def take_over(self, model: StepModel, decoder: Decoder) -> None:
        """Use another model as soon as its scores are those that it gives for the whole source.

        Until then both run: the new one hears a window of sound first. At the frame from which on it is used, the open
        events end (`closed_by` is `model`) and the new decoder begins. Where the source breaks first, or has not begun,
        it is used from the next sound on.

        Args:
            model: with the same rate, frames, context and window.
            decoder: made for its labels.
        """
        self._next = _Successor(model, decoder)

    def push(self, block: Block) -> list[Event]:
        """Process one block; return the events that can no longer change."""
        self._clear_outputs()
        events = []
        if self._resampler is None or block.sample_rate != self._input_rate:
            events += self._drain()
            self._resampler, self._input_rate = Resampler(block.sample_rate, self._rate), block.sample_rate
        if not self._running:
            self._start()
        self._position += Fraction(len(block.samples) * self._rate, block.sample_rate)
        self.heard_samples = self.position_samples
        return events + self._push(self._resampler.push(block.samples))

    def skip(self, gap: Gap) -> list[Event]:
        """Process a gap; return the events that can no longer change."""
        self._clear_outputs()
        events = []
        if gap.seconds > _LONGEST_FILLED_GAP_SECONDS:
            events = self._end("gap")
        elif self._running:
            events = self._drain()
        self._position += Fraction(gap.seconds) * self._rate
        if self._running:
            events += self._push_silence(self.position_samples)
        return events

    def lose(self) -> list[Event]:
        """End all events because the source is lost, for an unknown time; return those not returned yet."""
        self._clear_outputs()
        return self._end("gap")

    def flush(self) -> list[Event]:
        """End the source; return the events not returned yet."""
        self._clear_outputs()
        return self._end("end")

    def _clear_outputs(self) -> None:
        self.onsets, self.scores, self.closed_by, self.taken_over_at = [], [], None, None

    def _start(self) -> None:
        """Start again with the frame that holds the current position; its beginning counts as lost.

        The decoder gets no frame twice: if it has had this one, the rest of the frame is skipped.
        """
        position = self.position_samples
        self._next_frame = max(self._next_frame, position // self._frame_samples)
        if self._next is not None:
            self._use(ScoreStream(self._next.model, self._window))
            self._stream.set_hop(self._hop_frames)
        self._first_sample = frame_edge(self._next_frame, self._frame_samples)
        self._pushed_samples = min(position, self._first_sample)
        self._decoder.reset(self._next_frame)
        self._running = True
        self._push_silence(position)  # less than a frame, so no event ends here

    def _end(self, closed_by: str) -> list[Event]:
        events = self._drain()
        for scores in self._stream.flush():
            events += self._decode(scores)
        events += self._decoder.flush(closed_by)
        self.onsets += self._decoder.onsets
        self._running, self.closed_by = False, closed_by
        return events

    def _drain(self) -> list[Event]:
        """Push the rest of the resampler's output, up to exactly the current position."""
        if self._resampler is None:
            return []
        rest = self._resampler.flush()
        self._resampler = None
        missing = self.position_samples - self._pushed_samples
        return self._push(np.pad(rest[:missing], (0, max(0, missing - len(rest)))))

    def _push_silence(self, until: int) -> list[Event]:
        """Push silence for lost sound, up to a sample."""
        if until <= self._pushed_samples:
            return []
        self._lost.append((self._pushed_samples // self._frame_samples, -(-until // self._frame_samples)))
        return self._push(np.zeros(until - self._pushed_samples, dtype=np.float32))

    def _push(self, samples: Floats) -> list[Event]:
        skipped = max(0, self._first_sample - self._pushed_samples)
        self._pushed_samples += len(samples)
        samples = samples[skipped:]
        if self._next is None:
            return [event for scores in self._stream.push(samples) for event in self._decode(scores)]
        events = []
        while len(samples) > 0:  # in pieces that end where a step does: there a model may begin, or take over
            piece, samples = np.split(samples, [self._stream.samples_to_step])
            for scores in self._stream.push(piece):
                events += self._decode(scores)
            events += self._follow(piece)
        return events

    def _follow(self, piece: Floats) -> list[Event]:
        """Have the next model hear what the present one has heard; return what ends where it takes over."""
        following = self._next
        if following is None:
            return []
        if following.stream is None:
            if self._stream.is_at_step:
                following.stream = self._stream.successor(following.model)
                following.stream.set_hop(self._hop_frames)
                following.entered_frames = self._stream.done_frames
            return []
        following.stream.push(piece)
        if not following.stream.is_warm(following.entered_frames):
            return []
        events = self._decoder.flush("model")
        self.onsets += self._decoder.onsets
        self.closed_by = "model"
        self._use(following.stream)
        self._decoder.reset(self._next_frame)
        return events

    def _use(self, stream: ScoreStream) -> None:
        """Use the next model from the next frame on."""
        assert self._next is not None
        self._stream, self._decoder = stream, self._next.decoder
        self._next, self.taken_over_at = None, self._next_frame

    def _decode(self, scores: Floats) -> list[Event]:
        first, end = self._next_frame, self._next_frame + len(scores)
        lost = np.zeros(len(scores), dtype=bool)
        for begin, stop in self._lost:
            lost[max(0, begin - first) : max(0, stop - first)] = True
        self._lost = [(begin, stop) for begin, stop in self._lost if stop > end]
        self._next_frame = end
        self.scores.append(FrameScores(first, scores, lost))
        events = self._decoder.push(scores, lost)
        self.onsets += self._decoder.onsets
        return events
