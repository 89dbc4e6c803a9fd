"""Whether a source is heard now: its coverage, lag and level of the last minutes, from what an output receives."""

import math
from collections import deque

import numpy as np

from edge.log import Record
from edge.outputs.output import Sound
from edge.sources import Block

_BINS = 300  # that a window is divided into
_LEAST_SECONDS = 10.0  # of listening, before coverage says anything
_LEVEL_SHARE = 0.1  # of the newest block in the level, which so is that of about the last second
_SILENCE_DBFS = -120.0


class Listening:
    """How well one source has been heard lately. Times are by `time.monotonic`.

    Coverage is the sound that was processed in a window of real time, as a share of that time: a gap, a source that
    is lost and one that hangs all lower it.

    Args:
        began_at: when the run began.
        window_seconds: of real time, that coverage is about.

    Attributes:
        heard_at: when its newest sound was processed, or None before the first.
        lag_seconds: from when that sound was heard to when it was processed; None if it has no time of day.
        ended: whether its log has ended.
    """

    def __init__(self, began_at: float, window_seconds: float) -> None:
        self._began_at, self._window_seconds = began_at, window_seconds
        self._bins: deque[list[float]] = deque()  # [begin, seconds heard]
        self._mean_square: float | None = None
        self.heard_at: float | None = None
        self.lag_seconds: float | None = None
        self._lost_at: float | None = began_at
        self.ended = False

    def hear(self, sound: Sound) -> None:
        """Note a block or a gap."""
        block = sound.item
        if not isinstance(block, Block):
            return
        if self.heard_at is None:
            self._began_at = sound.at - block.seconds
        self.heard_at, self._lost_at = sound.at, None
        if block.heard_at is not None:
            self.lag_seconds = max(0.0, sound.at - block.heard_at - block.seconds)
        if not self._bins or sound.at - self._bins[-1][0] >= self._window_seconds / _BINS:
            self._bins.append([sound.at, 0.0])
        self._bins[-1][1] += block.seconds
        while sound.at - self._bins[0][0] > self._window_seconds:
            self._bins.popleft()
        square = float(np.vdot(block.samples, block.samples)) / max(1, block.samples.size)
        before = square if self._mean_square is None else self._mean_square
        self._mean_square = before + _LEVEL_SHARE * (square - before)

    def note(self, record: Record, now: float) -> None:
        """Note a record of this source."""
        if record["type"] == "source" and record["state"] == "lost" and self._lost_at is None:
            self._lost_at = now
        self.ended = record["type"] == "stop"

    def missing_seconds(self, now: float) -> float:
        """For how long nothing has been heard: since the source was lost, or since its last sound; 0 once it ended."""
        if self.ended:
            return 0.0
        since = [at for at in (self._lost_at, self.heard_at) if at is not None]
        return max(0.0, now - max(since))

    def coverage(self, now: float) -> float | None:
        """The share of the window that was heard; None in the first seconds, and before the first sound."""
        elapsed = min(self._window_seconds, now - self._began_at)
        if self.heard_at is None or elapsed < _LEAST_SECONDS:
            return None
        heard = sum(seconds for begin, seconds in self._bins if now - begin <= self._window_seconds)
        return min(1.0, heard / elapsed)

    @property
    def level_dbfs(self) -> float | None:
        """Root mean square of about the last second, over all channels, in dB of full scale; None before any sound."""
        if self._mean_square is None:
            return None
        return max(_SILENCE_DBFS, 10.0 * math.log10(max(self._mean_square, 1e-12)))
