"""What a device did not deliver, found by counting its samples against the clock.

A device that loses sound often says nothing. But its samples then come late: so many should have come since the first,
fewer did. A process that was held up sees them late too, only that these catch up at once, because they waited in a
buffer. So whatever is late is kept back until it is clear which of the two it is; then the lost time is known, and so
is its place.

    . . . . . .           ........ . . .    held up: all there again
    . . . . . .             . . . . . .     lost: they stay late
    . . . . . .                  ...... . . .    held up for longer than the buffer holds: it keeps what came first
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.sources.arrival import ArrivalClock
from edge.sources.source import Block, Gap, Item

_TOLERANCE_SECONDS = 0.2
_JITTER_SECONDS = 0.1
# How long late samples may take to catch up, and how long a new connection is watched before its time is believed.
_SETTLING_SECONDS = 1.0


class CapturedBlock(NamedTuple):
    """The samples that one call of the device delivered.

    Attributes:
        samples: `[samples, channels]`.
        arrived: when, by `time.monotonic`.
        missed_samples: samples that the device dropped between the previous block and this one.
    """

    samples: NDArray[np.float32]
    arrived: float
    missed_samples: int = 0


class Continuity:
    """Turns the pieces of one device, through all its connections, into blocks that know their time, and gaps.

    Each connection begins with `connect` and ends with `disconnect`.

    Args:
        reason: of the gaps, where something was lost.
    """

    def __init__(self, reason: str = "device") -> None:
        self._reason = reason
        self._heard_until: float | None = None  # by `time.monotonic`; None before the first sound
        self._current: _Stretch | None = None
        self._waiting: _Stretch | None = None

    def connect(self, sample_rate: int) -> None:
        """The device begins to record, at so many Hz."""
        self._sample_rate = sample_rate
        self._current = self._waiting = None

    def push(self, piece: CapturedBlock) -> list[Item]:
        """Take what came next; return what is settled by it."""
        if self._waiting is None:
            if self._current is not None and self._lateness(piece) <= _TOLERANCE_SECONDS:
                self._current.take(piece)
                return self._hand_on()
            self._waiting = _Stretch(self._sample_rate)
        self._waiting.take(piece)
        if self._current is not None and self._lost_seconds(self._waiting) <= _TOLERANCE_SECONDS:
            for late in self._waiting.pieces:
                self._current.take(late)
            self._waiting = None
            return self._hand_on()
        if piece.arrived - self._waiting.pieces[0].arrived < _SETTLING_SECONDS:
            return []
        return self._settle()

    def disconnect(self) -> list[Item]:
        """The connection is over; return what was kept back."""
        return [] if self._waiting is None else self._settle()

    def end(self, now: float) -> list[Item]:
        """Listening ends at this time; return the gap before it, if there is one and not just the last on its way."""
        if self._heard_until is None or now - self._heard_until <= _SETTLING_SECONDS:
            return []
        return [Gap(now - self._heard_until, self._reason)]

    def _lateness(self, piece: CapturedBlock) -> float:
        assert self._heard_until is not None
        return piece.arrived - (piece.missed_samples + len(piece.samples)) / self._sample_rate - self._heard_until

    def _lost_seconds(self, stretch: "_Stretch") -> float:
        return 0.0 if self._heard_until is None else max(0.0, stretch.clock.heard_at(0) - self._heard_until)

    def _settle(self) -> list[Item]:
        assert self._waiting is not None
        items: list[Item] = []
        pieces, self._waiting = self._waiting.pieces, None
        if self._current is not None:
            buffered = _first_steady(pieces, self._sample_rate)
            for piece in pieces[:buffered]:
                self._current.take(piece)
            items += self._hand_on()
            pieces = pieces[buffered:]
        self._current = _Stretch(self._sample_rate)
        for piece in pieces:
            self._current.take(piece)
        lost_seconds = self._lost_seconds(self._current)
        if lost_seconds > 0:
            items.append(Gap(lost_seconds, self._reason))
        return items + self._hand_on()

    def _hand_on(self) -> list[Item]:
        assert self._current is not None
        items = self._current.hand_on()
        self._heard_until = self._current.heard_until
        return items


class _Stretch:
    """Pieces with no loss between them."""

    def __init__(self, sample_rate: int) -> None:
        self.clock = ArrivalClock(sample_rate)
        self.pieces: list[CapturedBlock] = []  # that were not handed on yet
        self._arrived_samples = self._given_samples = 0

    @property
    def heard_until(self) -> float:
        """When the next sample to be handed on was heard."""
        return self.clock.heard_at(self._given_samples)

    def take(self, piece: CapturedBlock) -> None:
        """Add a piece."""
        self._arrived_samples += piece.missed_samples + len(piece.samples)
        self.clock.observe(self._arrived_samples, piece.arrived)
        self.pieces.append(piece)

    def hand_on(self) -> list[Item]:
        """The blocks of all pieces, and the gaps that nobody took."""
        items: list[Item] = []
        for piece in self.pieces:
            if piece.missed_samples > 0:
                items.append(Gap(piece.missed_samples / self.clock.sample_rate, "overrun"))
                self._given_samples += piece.missed_samples
            items.append(Block(piece.samples, self.clock.sample_rate, self.heard_until))
            self._given_samples += len(piece.samples)
        self.pieces = []
        return items


def _first_steady(pieces: list[CapturedBlock], sample_rate: int) -> int:
    """The first piece that came no later than those after it: from there on they arrive as they are heard."""
    samples, beginnings = 0, []
    for piece in pieces:
        samples += piece.missed_samples + len(piece.samples)
        beginnings.append(piece.arrived - samples / sample_rate)
    latest = min(beginnings) + _JITTER_SECONDS
    return next(index for index, beginning in enumerate(beginnings) if beginning <= latest)
