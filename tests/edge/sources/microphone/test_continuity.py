import numpy as np
import pytest

from edge.sources.microphone.continuity import CapturedBlock, Continuity
from edge.sources.source import Block, Gap, Item

RATE, PIECE = 1000, 50


def pieces(arrivals: list[float], missed: int = 0) -> list[CapturedBlock]:
    """One of 50 ms for each time."""
    return [CapturedBlock(np.zeros((PIECE, 1), dtype=np.float32), arrived, missed) for arrived in arrivals]


def steady(begin: float, count: int) -> list[float]:
    """When pieces arrive of a device that begins to record at that time, with jitter of the sound server."""
    jitter = np.random.default_rng(0).uniform(0.0, 0.03, count)
    jitter[0] = 0.0
    return [begin + (index + 1) * PIECE / RATE + late for index, late in enumerate(jitter)]


def heard(arrivals: list[float]) -> list[Item]:
    """What one connection gives."""
    continuity = Continuity()
    continuity.connect(RATE)
    return [item for piece in pieces(arrivals) for item in continuity.push(piece)] + continuity.disconnect()


def gaps(items: list[Item]) -> list[tuple[float, Gap]]:
    """Each with the time at which it begins."""
    found, end = [], 0.0
    for item in items:
        if isinstance(item, Block):
            assert item.heard_at is not None
            end = item.heard_at + len(item.samples) / item.sample_rate
        elif isinstance(item, Gap):
            found.append((end, item))
    return found


def test_samples_are_heard_before_they_arrive() -> None:
    """Each block knows when its first sample was heard, whatever the jitter."""
    items = heard(steady(100.0, 40))
    assert [pytest.approx(100.0 + 0.05 * index, abs=0.002) for index in range(40)] == [
        item.heard_at for item in items if isinstance(item, Block)
    ]


def test_what_comes_late_but_whole_is_no_loss() -> None:
    """A process that slept for a second gets everything at once."""
    arrivals = [arrived if not 101.0 < arrived < 102.0 else 102.0 for arrived in steady(100.0, 60)]
    items = heard(arrivals)
    assert (60, []) == (len(items), gaps(items))


def test_what_stays_late_was_lost() -> None:
    """The gap is where the sound stopped, and as long as it is late."""
    items = heard(steady(100.0, 30) + steady(102.2, 30))
    ((onset, gap),) = gaps(items)
    assert (101.5, 0.7) == pytest.approx((onset, gap.seconds), abs=0.002)
    assert 60 == sum(isinstance(item, Block) for item in items)


def test_what_waited_in_a_buffer_is_older_than_the_loss() -> None:
    """A process that slept for 3 s, and whose buffer holds one."""
    items = heard(steady(100.0, 30) + [104.5] * 20 + steady(104.5, 30))
    ((onset, gap),) = gaps(items)
    assert (102.5, 2.0) == pytest.approx((onset, gap.seconds), abs=0.2)


def test_small_losses_add_up() -> None:
    """Until they are too many to be jitter."""
    arrivals = [time for index in range(10) for time in steady(100.0 + 2.05 * index, 40)]
    found = gaps(heard(arrivals))
    assert 2 <= len(found)
    assert 0.25 <= sum(gap.seconds for _, gap in found) <= 0.47


def test_what_nobody_took_is_a_gap_of_its_own() -> None:
    """Exactly as long as its samples, and no sign of a loss."""
    continuity = Continuity()
    continuity.connect(RATE)
    arrivals = steady(100.0, 60)
    taken = pieces(arrivals[:30]) + pieces(arrivals[34:35], missed=4 * PIECE) + pieces(arrivals[35:])
    items = [item for piece in taken for item in continuity.push(piece)]
    ((onset, gap),) = gaps(items)
    assert Gap(0.2, "overrun") == gap
    assert 101.5 == pytest.approx(onset, abs=0.002)


def test_the_time_between_connections_is_a_gap() -> None:
    """And so is the time up to the end of listening, if nothing was heard then."""
    continuity, items = Continuity(), []
    for begin in (100.0, 110.0):
        continuity.connect(RATE)
        for piece in pieces(steady(begin, 30)):
            items += continuity.push(piece)
        items += continuity.disconnect()
    items += continuity.end(120.0)
    assert [pytest.approx((101.5, 8.5), abs=0.01), pytest.approx((111.5, 8.5), abs=0.01)] == [
        (onset, gap.seconds) for onset, gap in gaps(items)
    ]
    assert [] == Continuity().end(5.0)
