"""Where in time the pieces of a stream belong: what arrives, in order, becomes blocks and gaps.

A new connection often begins with a burst of sound that is seconds old, so its first pieces are held back until the
least late of them is known. What was heard over the last connection already is cut off, what was missed is a gap:

    heard before      ═══════════╡               heard_until
    new connection          ╞══════════ ...      overlap: cut off
    new connection                  ╞═══ ...     a gap in between

The same is done where a stream has stalled, or its time stamps begin anew, as when another plays to the same server.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from edge.sources.arrival import ArrivalClock
from edge.sources.audio import DecodedBlock
from edge.sources.source import Block, Gap

_HOLD_SECONDS = 1.0  # without an arrival that is less late, after which the burst is over
_LONGEST_HOLD_SECONDS = 10.0
_LONGEST_SEGMENTED_HOLD_SECONDS = 30.0
_BURST_SECONDS = 0.05  # an arrival that much less late belongs to the burst
_PAUSE_SECONDS = 0.3  # between the segments of a segmented stream
_STALL_SECONDS = 2.5  # after which a stream may have gone on without us
_LONGEST_OVERLAP_SECONDS = 60.0  # that a playlist holds of what was before
_SEAM_SECONDS = 0.05  # arrival times are not more exact
_SLIP_SECONDS = 0.3  # by which a stream may come later than it did before something must be missing
_LEAST_HOLE_SECONDS = 0.05  # time stamps are coarse
_JUMP_SECONDS = 1.0  # a time stamp that far back, or half as far ahead of what can have been heard, begins anew


class Stamps:
    """Finds what is missing between pieces by their time stamps."""

    def __init__(self) -> None:
        self.first: float | None = None  # the stamp of sample 0

    def hole(self, piece: DecodedBlock, samples: int) -> int:
        """Samples missing before a piece that comes after so many; negative where its stamp lies back."""
        if piece.stamp is None:
            return 0
        if self.first is None:
            self.begin(piece, samples)
            return 0
        missing = (piece.stamp - self.first) * piece.sample_rate - samples
        return round(missing) if abs(missing) > _LEAST_HOLE_SECONDS * piece.sample_rate else 0

    def begin(self, piece: DecodedBlock, samples: int) -> None:
        """Take the stamp of the piece that comes after so many samples for right."""
        if piece.stamp is not None:
            self.first = piece.stamp - samples / piece.sample_rate


class _Held(NamedTuple):
    piece: DecodedBlock
    first: int  # sample since the anchor
    hole: int  # samples missing before it


@dataclass
class _Anchor:
    """What is known since the last time that everything began anew."""

    clock: ArrivalClock
    since: float  # its first arrival
    improved_at: float  # when an arrival was less late than all before
    stamps: Stamps = field(default_factory=Stamps)
    samples: int = 0  # by the clock, holes included
    earliest: float = np.inf  # when sample 0 was heard, as far as it is known
    pauses: list[float] = field(default_factory=list)  # between segments, in seconds
    held: list[_Held] = field(default_factory=list)
    after_stall: bool = False
    settled: bool = False  # whether the burst is over
    resumed: bool = False  # whether anything has been placed

    def change_rate(self, sample_rate: int) -> None:
        """Go on with another sample rate, from the same time."""
        now = self.clock.heard_at(self.samples)
        self.clock, self.samples, self.stamps, self.earliest = ArrivalClock(sample_rate), 0, Stamps(), now
        self.clock.observe(0, now)

    def believes(self, piece: DecodedBlock, arrived: float) -> bool:
        """Whether a stamp goes on from those before: not far back, nor to what cannot have been heard yet."""
        hole = self.stamps.hole(piece, self.samples)
        if hole <= 0:
            return hole >= -_JUMP_SECONDS * piece.sample_rate
        return self.clock.heard_at(self.samples + hole + len(piece.samples)) <= arrived + _JUMP_SECONDS / 2

    def add(self, piece: DecodedBlock, arrived: float) -> None:
        """Hold a piece back, and learn from when it came."""
        hole = max(0, self.stamps.hole(piece, self.samples))
        self.held.append(_Held(piece, self.samples + hole, hole))
        self.samples += hole + len(piece.samples)
        self.clock.observe(self.samples, arrived)
        if self.clock.heard_at(0) < self.earliest - _BURST_SECONDS:
            self.earliest, self.improved_at = self.clock.heard_at(0), arrived

    def expected(self, stamp: float | None) -> float | None:
        """When a sample of that stamp was heard, if stamps go on after this anchor."""
        if stamp is None or self.stamps.first is None:
            return None
        return self.clock.heard_at(0) + stamp - self.stamps.first


class Placement:
    """Places the pieces of one source, over all its connections."""

    def __init__(self) -> None:
        self.heard_until: float | None = None  # by `time.monotonic`; None before the first sound
        self._segmented = False
        self._anchor: _Anchor | None = None
        self._before: _Anchor | None = None
        self._last_arrival = 0.0

    def connect(self, *, segmented: bool) -> None:
        """A new connection begins; its sound comes in segments (HLS) or as it is made."""
        self._segmented = segmented
        self._forget_anchor()

    @property
    def settled(self) -> bool:
        """Whether it is known by now when the sound of this connection was heard."""
        return self._anchor is not None and self._anchor.settled

    def push(self, piece: DecodedBlock, arrived: float) -> list[Block | Gap]:
        """Take what arrived at that time (`time.monotonic`); return what is placed by now."""
        placed: list[Block | Gap] = []
        anchor = self._anchor
        if anchor is not None and anchor.clock.sample_rate != piece.sample_rate:
            placed += self.flush()
            anchor.change_rate(piece.sample_rate)
        stalled = self._has_stalled(arrived)
        if stalled or (
            anchor is not None and not anchor.believes(piece, arrived) and (anchor.settled or self._segmented)
        ):
            placed += self.flush(more_follows=True)
            self._forget_anchor()
            anchor = None
        if anchor is None:
            clock = ArrivalClock(piece.sample_rate)
            anchor = self._anchor = _Anchor(clock, since=arrived, improved_at=arrived, after_stall=stalled)
            self._last_arrival = arrived
        elif not anchor.believes(piece, arrived):
            anchor.stamps.begin(piece, anchor.samples)
        anchor.add(piece, arrived)
        if not anchor.settled:
            self._settle(anchor, arrived)
        self._last_arrival = arrived
        return placed + (self.flush() if anchor.settled else [])

    def flush(self, *, more_follows: bool = False) -> list[Block | Gap]:
        """Return what is still held back, placed as well as can be.

        Args:
            more_follows: what comes next has arrived already, and is of another time.
        """
        placed: list[Block | Gap] = []
        anchor = self._anchor
        if anchor is None or not anchor.held:
            return placed
        if self._segmented and not anchor.resumed and not self._join_by_stamps(anchor, more_follows) and more_follows:
            # Segments of a playlist from before another began to write it: old, nobody knows how old.
            self._anchor = self._before
            return placed
        for held in anchor.held:
            for item in self._place(held, anchor):
                last = placed[-1] if placed else None
                if isinstance(item, Block) and isinstance(last, Block) and _go_together(last, item):
                    placed[-1] = last._replace(samples=np.concatenate([last.samples, item.samples]))
                else:
                    placed.append(item)
        anchor.held = []
        return placed

    def disconnect(self) -> list[Block | Gap]:
        """The connection is at its end: return what is still held back, as well as it can be placed.

        What FFmpeg gives out last, after it has waited in vain, is old, nobody knows how old: it is left out.
        """
        if self._anchor is not None and self._anchor.after_stall and not self._anchor.settled:
            self._anchor.held = []
        return self.flush()

    def missing_until(self, now: float) -> list[Gap]:
        """The gap, if any, from the last sound to now."""
        if self.heard_until is None or now - self.heard_until <= _SEAM_SECONDS:
            return []
        missing, self.heard_until = now - self.heard_until, now
        return [Gap(missing, "reconnect")]

    def _forget_anchor(self) -> None:
        """What comes next may be older than what came before, or much newer."""
        self._before, self._anchor = self._anchor or self._before, None

    def _has_stalled(self, arrived: float) -> bool:
        """Whether nothing came for so long that the stream may have gone on without us."""
        if self._anchor is None or (self._segmented and not self._anchor.settled):
            return False
        usual = max(self._anchor.pauses, default=0.0) if self._segmented else 0.0
        return arrived - self._last_arrival > 2 * usual + _STALL_SECONDS

    def _settle(self, anchor: _Anchor, arrived: float) -> None:
        """Find out whether the burst is over."""
        if arrived - self._last_arrival > _PAUSE_SECONDS:
            anchor.pauses.append(arrived - self._last_arrival)
        held_seconds = arrived - anchor.since
        if self._segmented:
            # The second pause ends a whole segment that came as soon as it was there.
            anchor.settled = len(anchor.pauses) >= 2 or held_seconds > _LONGEST_SEGMENTED_HOLD_SECONDS
        else:
            anchor.settled = arrived - anchor.improved_at >= _HOLD_SECONDS or held_seconds > _LONGEST_HOLD_SECONDS

    def _join_by_stamps(self, anchor: _Anchor, more_follows: bool) -> bool:
        """Keep the anchor from before if time stamps say so: arrivals of segments are exact to a segment only."""
        expected = None if self._before is None else self._before.expected(anchor.held[0].piece.stamp)
        if expected is None or self.heard_until is None:
            return False
        first = anchor.held[0].first
        late = anchor.clock.heard_at(first) - expected
        exact = 2 * max(anchor.pauses, default=0.0) + _PAUSE_SECONDS
        if not -exact < late < (_LONGEST_OVERLAP_SECONDS if more_follows else exact):
            return False
        anchor.clock.observe(first, expected)
        self.heard_until += anchor.clock.heard_at(first) - expected  # the newer anchor was less late
        return True

    def _place(self, held: _Held, anchor: _Anchor) -> list[Block | Gap]:
        rate, samples, heard_at = held.piece.sample_rate, held.piece.samples, anchor.clock.heard_at(held.first)
        placed: list[Block | Gap] = []
        if self.heard_until is not None and anchor.resumed:
            if held.hole:
                placed.append(Gap(held.hole / rate, "decode"))
                self.heard_until += held.hole / rate
            slip = heard_at - self.heard_until
            if slip > _SLIP_SECONDS and not self._segmented:
                placed.append(Gap(slip, "reconnect"))
        elif self.heard_until is not None:
            missing = heard_at - self.heard_until
            if missing > _SEAM_SECONDS:
                placed.append(Gap(missing, "reconnect"))
            elif missing < -_SEAM_SECONDS:
                overlap = round(-missing * rate)
                samples, heard_at = samples[overlap:], heard_at + overlap / rate
        if len(samples) == 0:
            return placed
        anchor.resumed = True
        self.heard_until = heard_at + len(samples) / rate
        return [*placed, Block(samples, rate, heard_at)]


def _go_together(block: Block, other: Block) -> bool:
    return block.sample_rate == other.sample_rate and block.samples.shape[1] == other.samples.shape[1]
