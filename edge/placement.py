"""Where in time the pieces of a stream belong: what arrives, in order, becomes blocks and gaps.

A new connection often begins with a burst of sound that is seconds old, so its first pieces are held back until the
least late of them is known. What was heard over the last connection already is cut off, what was missed is a gap:

    heard before   ═══════════╡                    heard_until
    new connection       ╞══════════ ...           overlap: cut off
    new connection                   ╞═════ ...    a gap in between
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.arrival import ArrivalClock
from edge.sources import Block, Gap

_HOLD_SECONDS = 1.0  # without an arrival that is less late, after which the burst is over
_LONGEST_HOLD_SECONDS = 10.0
_LONGEST_SEGMENTED_HOLD_SECONDS = 30.0
_BURST_SECONDS = 0.05  # an arrival that much less late belongs to the burst
_PAUSE_SECONDS = 0.3  # between the segments of a segmented stream
_STALL_SECONDS = 2.5  # after which a stream may have gone on without us
_SEAM_SECONDS = 0.05  # that arrival times are not exact to
_SLIP_SECONDS = 0.3  # by which a stream may come later and later before something must be missing
_LEAST_HOLE_SECONDS = 0.05  # time stamps are coarse
_BACK_SECONDS = 1.0  # time stamps that jump back as far begin anew


class Piece(NamedTuple):
    """Decoded sound.

    Attributes:
        samples: `[samples, channels]`.
        sample_rate: Hz.
        stamp: its time stamp in seconds, where the stream has any.
    """

    samples: NDArray[np.float32]
    sample_rate: int
    stamp: float | None


class Stamps:
    """Finds what is missing between pieces by their time stamps."""

    def __init__(self) -> None:
        self._begins_at: float | None = None  # the stamp of the first sample

    def hole(self, piece: Piece, samples: int) -> int:
        """Samples missing before a piece that comes after so many; negative where stamps jump back."""
        if piece.stamp is None:
            return 0
        if self._begins_at is None:
            self.begin(piece, samples)
            return 0
        missing = (piece.stamp - self._begins_at) * piece.sample_rate - samples
        return round(missing) if abs(missing) > _LEAST_HOLE_SECONDS * piece.sample_rate else 0

    def begin(self, piece: Piece, samples: int) -> None:
        """Believe the stamp of the piece that comes after so many samples, and none before it."""
        if piece.stamp is not None:
            self._begins_at = piece.stamp - samples / piece.sample_rate


class _Held(NamedTuple):
    piece: Piece
    first: int  # sample of the connection
    hole: int  # samples missing before it


class Placement:
    """Places the pieces of one source, over all its connections."""

    def __init__(self) -> None:
        self.heard_until: float | None = None  # by `time.monotonic`; None before the first sound
        self.connect(segmented=False)

    def connect(self, *, segmented: bool) -> None:
        """A new connection begins; its sound comes in segments (HLS) or as it is made."""
        self._segmented = segmented
        self._held: list[_Held] = []
        self._clock: ArrivalClock | None = None
        self._last_arrival: float | None = None
        self._samples = 0  # of the connection, holes included
        self._stamps = Stamps()
        self._begin_to_hold()

    @property
    def settled(self) -> bool:
        """Whether the time of this connection is known."""
        return self._settled

    def push(self, piece: Piece, arrived: float) -> list[Block | Gap]:
        """Take what arrived at that time (`time.monotonic`); return what is placed by now."""
        placed: list[Block | Gap] = []
        if self._last_arrival is not None and not self._segmented and arrived - self._last_arrival > _STALL_SECONDS:
            placed += self.flush()
            self._clock = None
            self._samples, self._stamps = 0, Stamps()
            self._begin_to_hold()
        if self._clock is None:
            self._clock = ArrivalClock(piece.sample_rate)
            self._held_since = self._anchored_at = arrived
        elif self._clock.sample_rate != piece.sample_rate:
            placed += self.flush()
            changed_at = self._clock.heard_at(self._samples)
            self._clock = ArrivalClock(piece.sample_rate)
            self._clock.observe(0, changed_at)
            self._earliest = changed_at
            self._samples, self._stamps = 0, Stamps()
        hole = self._hole(piece, arrived)
        first = self._samples + hole
        self._samples = first + len(piece.samples)
        self._clock.observe(self._samples, arrived)
        self._held.append(_Held(piece, first, hole))
        self._settle(arrived)
        self._last_arrival = arrived
        return placed + (self.flush() if self._settled else [])

    def flush(self) -> list[Block | Gap]:
        """Return what is still held back, placed as well as can be."""
        placed: list[Block | Gap] = []
        for held in self._held:
            for item in self._place(held):
                last = placed[-1] if placed else None
                if isinstance(item, Block) and isinstance(last, Block) and _go_together(last, item):
                    placed[-1] = last._replace(samples=np.concatenate([last.samples, item.samples]))
                else:
                    placed.append(item)
        self._held = []
        return placed

    def missing_until(self, now: float) -> list[Gap]:
        """The gap, if any, from the last sound to now."""
        if self.heard_until is None or now - self.heard_until <= _SEAM_SECONDS:
            return []
        missing = now - self.heard_until
        self.heard_until = now
        return [Gap(missing, "reconnect")]

    def _begin_to_hold(self) -> None:
        self._settled = False
        self._resumed = False  # whether anything of what follows has been placed
        self._earliest = np.inf  # beginning of the connection, as far as it is known
        self._pauses = 0

    def _hole(self, piece: Piece, arrived: float) -> int:
        """Samples missing before the piece, if its time stamp can be believed."""
        assert self._clock is not None
        hole = self._stamps.hole(piece, self._samples)
        if hole == 0:
            return 0
        end = self._samples + hole + len(piece.samples)
        arrives_before_it_is_heard = hole > 0 and self._clock.heard_at(end) > arrived + _BACK_SECONDS / 2
        if arrives_before_it_is_heard or hole < -_BACK_SECONDS * piece.sample_rate:
            self._stamps.begin(piece, self._samples)
        elif hole > 0:
            return hole
        return 0

    def _settle(self, arrived: float) -> None:
        """Find out whether the burst is over."""
        assert self._clock is not None
        if self._clock.heard_at(0) < self._earliest - _BURST_SECONDS:
            self._earliest, self._anchored_at = self._clock.heard_at(0), arrived
        if self._last_arrival is not None and arrived - self._last_arrival > _PAUSE_SECONDS:
            self._pauses += 1
        held_seconds = arrived - self._held_since
        if self._segmented:
            # The second pause ends a whole segment that came as soon as it was there.
            settled = self._pauses >= 2 or held_seconds > _LONGEST_SEGMENTED_HOLD_SECONDS
        else:
            settled = arrived - self._anchored_at >= _HOLD_SECONDS or held_seconds > _LONGEST_HOLD_SECONDS
        self._settled = self._settled or settled

    def _place(self, held: _Held) -> list[Block | Gap]:
        assert self._clock is not None
        piece, rate = held.piece, held.piece.sample_rate
        samples, heard_at = piece.samples, self._clock.heard_at(held.first)
        placed: list[Block | Gap] = []
        if self.heard_until is not None:
            if self._resumed and held.hole:
                placed.append(Gap(held.hole / rate, "decode"))
                self.heard_until += held.hole / rate
            missing = heard_at - self.heard_until
            if not self._resumed and missing < -_SEAM_SECONDS:
                overlap = round(-missing * rate)
                samples, heard_at = samples[overlap:], heard_at + overlap / rate
            elif missing > (_SLIP_SECONDS if self._resumed else _SEAM_SECONDS):
                placed.append(Gap(missing, "reconnect"))
        if len(samples) == 0:
            return placed
        self._resumed = True
        self.heard_until = heard_at + len(samples) / rate
        return [*placed, Block(samples, rate, heard_at)]


def _go_together(block: Block, other: Block) -> bool:
    return block.sample_rate == other.sample_rate and block.samples.shape[1] == other.samples.shape[1]
