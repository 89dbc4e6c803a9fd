"""The sound of one source, and what was missed of it, into events: resampling, the sliding window, the decoder.

    heard      ────────────────┐   gap   ┌──────────────── ...
    a short    ────────────────░░░░░░░░░░───────────────── ...    patched with silence that the decoder knows of
    a long     ───────── flush ┘         └ a fresh beginning, on the same grid of frames

The clock is exact: every position is the sum of what came, as a fraction, and rounded only where it is used.
"""

from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.detection.decoder import Decoder
from edge.detection.events import Event, Onset, frame_edge
from edge.model import Floats, ScoreStream, StepModel, Window
from edge.sources import Block, Gap, Resampler

_LONGEST_PATCH_SECONDS = 1.0


class Scores(NamedTuple):
    """Frame scores as the decoder got them.

    Attributes:
        first_frame: number of the first of them, since the source began.
        scores: `[frames, classes]`.
        lost: `[frames]`, True where nobody heard anything.
    """

    first_frame: int
    scores: Floats
    lost: NDArray[np.bool_]


class Listener:
    """Turns what comes from one source into events.

    Args:
        model: takes the steps.
        window: in frames.
        decoder: made for the model's labels.

    Attributes:
        heard_samples: where the sound that came last ends, at the model's rate since the source began. No event ends
            after it.
        onsets: of the events that the last call made certain, each told once.
        scores: that the last call gave to the decoder.
        closed_by: what the last call ended, and its decoder with it: a `gap`, the `end`; else None.
    """

    def __init__(self, model: StepModel, window: Window, decoder: Decoder) -> None:
        self._rate, self._frame_samples = model.card.sample_rate, model.card.frame_samples
        self._stream = ScoreStream(model, window)
        self._decoder = decoder
        self._resampler: Resampler | None = None
        self._input_rate = 0
        self._position = Fraction(0)  # in samples, of what comes next
        self._running = False
        self._first_sample = 0  # of the stream's, since the source began
        self._fed_samples = 0  # where what the stream was fed ends, since the source began
        self._next_frame = 0  # the decoder's
        self._lost: list[tuple[int, int]] = []  # frames that are still to be decoded and were not heard
        self.heard_samples = 0
        self.onsets: list[Onset] = []
        self.scores: list[Scores] = []
        self.closed_by: str | None = None

    @property
    def position_samples(self) -> int:
        """Where the source is, at the model's rate since it began."""
        return round(self._position)

    def set_hop(self, frames: int) -> None:
        """See `ScoreStream.set_hop`."""
        self._stream.set_hop(frames)

    def push(self, block: Block) -> list[Event]:
        """Hear one block; return the events that it settles."""
        self._begin_call()
        events = []
        if self._resampler is None or block.sample_rate != self._input_rate:
            events += self._drain()
            self._resampler, self._input_rate = Resampler(block.sample_rate, self._rate), block.sample_rate
        if not self._running:
            self._begin()
        self._position += Fraction(len(block.samples) * self._rate, block.sample_rate)
        self.heard_samples = self.position_samples
        return events + self._feed(self._resampler.push(block.samples))

    def skip(self, gap: Gap) -> list[Event]:
        """Hear nothing for so long; return the events that this settles."""
        self._begin_call()
        events = []
        if gap.seconds > _LONGEST_PATCH_SECONDS:
            events = self._end("gap")
        elif self._running:
            events = self._drain()
        self._position += Fraction(gap.seconds) * self._rate
        if self._running:
            events += self._feed_silence(self.position_samples)
        return events

    def lose(self) -> list[Event]:
        """The source is gone, nobody knows for how long; return the rest of its events so far."""
        self._begin_call()
        return self._end("gap")

    def flush(self) -> list[Event]:
        """End the source; return the rest of its events."""
        self._begin_call()
        return self._end("end")

    def _begin_call(self) -> None:
        self.onsets, self.scores, self.closed_by = [], [], None

    def _begin(self) -> None:
        """Start afresh with the frame in which the position lies; what is missing of it was not heard.

        A frame that the decoder has seen does not come again: if the source is back within it, the rest is left out.
        """
        start = self.position_samples
        self._next_frame = max(self._next_frame, start // self._frame_samples)
        self._first_sample = frame_edge(self._next_frame, self._frame_samples)
        self._fed_samples = min(start, self._first_sample)
        self._decoder.reset(self._next_frame)
        self._running = True
        self._feed_silence(start)  # less than a frame: it settles nothing

    def _end(self, closed_by: str) -> list[Event]:
        events = self._drain()
        for scores in self._stream.flush():
            events += self._decode(scores)
        events += self._decoder.flush(closed_by)
        self.onsets += self._decoder.onsets
        self._running, self.closed_by = False, closed_by
        return events

    def _drain(self) -> list[Event]:
        """Take what is still in the resampler, to the very sample of the position."""
        if self._resampler is None:
            return []
        rest = self._resampler.flush()
        self._resampler = None
        missing = self.position_samples - self._fed_samples
        return self._feed(np.pad(rest[:missing], (0, max(0, missing - len(rest)))))

    def _feed_silence(self, until: int) -> list[Event]:
        """What nobody heard, up to a sample."""
        if until <= self._fed_samples:
            return []
        self._lost.append((self._fed_samples // self._frame_samples, -(-until // self._frame_samples)))
        return self._feed(np.zeros(until - self._fed_samples, dtype=np.float32))

    def _feed(self, samples: Floats) -> list[Event]:
        left_out = max(0, self._first_sample - self._fed_samples)
        self._fed_samples += len(samples)
        return [event for scores in self._stream.push(samples[left_out:]) for event in self._decode(scores)]

    def _decode(self, scores: Floats) -> list[Event]:
        first, end = self._next_frame, self._next_frame + len(scores)
        lost = np.zeros(len(scores), dtype=bool)
        for begin, stop in self._lost:
            lost[max(0, begin - first) : max(0, stop - first)] = True
        self._lost = [(begin, stop) for begin, stop in self._lost if stop > end]
        self._next_frame = end
        self.scores.append(Scores(first, scores, lost))
        events = self._decoder.push(scores, lost)
        self.onsets += self._decoder.onsets
        return events
