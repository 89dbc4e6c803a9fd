"""The newest samples of a source, addressed by their number since the source began."""

import numpy as np
from numpy.typing import NDArray


class RingBuffer:
    """Keeps the last `capacity` samples. Samples before the first one read as silence.

    Args:
        capacity: samples.

    >>> ring = RingBuffer(4)
    >>> ring.append(np.arange(1, 7, dtype=np.float32))
    >>> ring.read(3, 6).tolist()
    [4.0, 5.0, 6.0]
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.reset()

    def reset(self, first: int = 0) -> None:
        """Forget everything; the next sample has the index `first`."""
        self.end = first  # index of the next sample since the source began
        self._samples = np.zeros(self.capacity, dtype=np.float32)

    def grow(self, capacity: int) -> None:
        """Keep that many samples from now on, and those already there."""
        kept = self.read(self.end - self.capacity, self.end)
        self.capacity, self._samples = capacity, np.zeros(capacity, dtype=np.float32)
        self.end -= len(kept)
        self.append(kept)

    def append(self, samples: NDArray[np.float32]) -> None:
        """Add `[samples]`."""
        kept = samples[-self.capacity :]
        begin = (self.end + len(samples) - len(kept)) % self.capacity
        first = min(len(kept), self.capacity - begin)
        self._samples[begin : begin + first] = kept[:first]
        self._samples[: len(kept) - first] = kept[first:]
        self.end += len(samples)

    def read(self, start: int, stop: int) -> NDArray[np.float32]:
        """A copy of samples `start` to `stop`, counted from the source's first; silence below 0."""
        assert self.end - self.capacity <= start <= stop <= self.end, (start, stop, self.end)
        begin = start % self.capacity
        first = self._samples[begin : begin + stop - start]
        return np.concatenate([first, self._samples[: stop - start - len(first)]])
