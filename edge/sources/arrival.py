"""When the samples of a live source were captured, from when they arrived; and how long to wait before a retry."""

import random
from collections import deque

_MEMORY_SECONDS = 60.0


class ArrivalClock:
    """Places the samples of one connection in time.

    A sample may arrive late (buffers, networks, a burst of old sound at connect) but never before it was captured: of
    all arrivals of the last minute, the one least late gives when the connection's first sample was captured. A minute,
    not longer: the source's clock is not ours, and the difference adds up to seconds a day.

    Args:
        sample_rate: Hz.

    >>> clock = ArrivalClock(1000)
    >>> clock.observe(1000, 20.5), clock.observe(2000, 21.1)
    (None, None)
    >>> clock.heard_at(0)
    19.1
    """

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self._beginnings: deque[tuple[float, float]] = deque()  # (arrival, heard at sample 0), both rising

    def observe(self, samples: int, arrived: float) -> None:
        """Note that the first so many samples of the connection had arrived at that time (`time.monotonic`)."""
        beginning = arrived - samples / self.sample_rate
        while self._beginnings and self._beginnings[-1][1] >= beginning:
            self._beginnings.pop()
        self._beginnings.append((arrived, beginning))
        while arrived - self._beginnings[0][0] > _MEMORY_SECONDS:
            self._beginnings.popleft()

    def heard_at(self, sample: int) -> float:
        """When that sample of the connection was captured, by `time.monotonic`; something must have been observed."""
        return self._beginnings[0][1] + sample / self.sample_rate


class Backoff:
    """Seconds to wait before the next try: they double up to a limit, with jitter, so that many do not try at once.

    Args:
        first: seconds before the first try, about.
        limit: seconds that a wait never exceeds.
    """

    def __init__(self, first: float = 0.5, limit: float = 4.0) -> None:
        self._first, self._limit = first, limit
        self._random = random.Random()
        self.reset()

    def reset(self) -> None:
        """A try succeeded."""
        self._next = self._first

    def next(self) -> float:
        """The wait before the next try."""
        wait = self._next * self._random.uniform(0.75, 1.0)
        self._next = min(2 * self._next, self._limit)
        return wait
