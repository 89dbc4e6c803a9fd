import numpy as np
import pytest

from edge.model.ring_buffer import RingBuffer


def test_before_the_first_sample_there_is_silence() -> None:
    """A window that begins before the source reads zeros there."""
    ring = RingBuffer(6)
    ring.append(np.ones(2, dtype=np.float32))
    assert [0.0, 0.0, 0.0, 1.0, 1.0] == ring.read(-3, 2).tolist()


def test_any_pieces_leave_the_newest_samples() -> None:
    """Pieces longer than the ring too; the index counts all samples ever seen."""
    samples = np.arange(1000, dtype=np.float32)
    rng = np.random.default_rng(0)
    ring = RingBuffer(37)
    for piece in np.split(samples, np.sort(rng.integers(0, 1000, 40))):
        ring.append(piece)
        newest = samples[max(0, ring.end - 37) : ring.end]
        assert newest.tolist() == ring.read(ring.end - len(newest), ring.end).tolist()
    assert 1000 == ring.end


def test_read_is_a_copy() -> None:
    """What was read does not change as the ring goes on."""
    ring = RingBuffer(2)
    ring.append(np.ones(2, dtype=np.float32))
    read = ring.read(0, 2)
    ring.append(np.zeros(2, dtype=np.float32))
    assert [1.0, 1.0] == read.tolist()


def test_samples_that_are_gone_cannot_be_read() -> None:
    """Reading too far back is a mistake of ours, and says so."""
    ring = RingBuffer(2)
    ring.append(np.ones(5, dtype=np.float32))
    with pytest.raises(AssertionError):
        ring.read(2, 4)


def test_a_ring_may_grow() -> None:
    """What it holds stays under its index, and from then on it holds more."""
    ring = RingBuffer(4)
    ring.append(np.arange(10, dtype=np.float32))
    ring.grow(7)
    ring.append(np.arange(10, 13, dtype=np.float32))
    assert [*range(6, 13)] == ring.read(6, 13).tolist()
