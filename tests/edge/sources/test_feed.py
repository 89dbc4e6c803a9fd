import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pytest

from edge.sources.feed import Feed
from edge.sources.source import Block, Gap, Item, State


def block(value: float, seconds: float = 0.5) -> Block:
    """One at 1 kHz, all of a value."""
    return Block(np.full((round(1000 * seconds), 1), value, dtype=np.float32), 1000)


class Said:
    """A source that says these items, one after another."""

    name = "said"

    def __init__(self, items: Iterable[Item], live: bool = False, end: Exception | None = None) -> None:
        self.live, self._items, self._end = live, items, end
        self.closed = threading.Event()

    def items(self, stopping: threading.Event) -> Iterator[Item]:  # noqa: ARG002  # it does not block
        try:
            yield from self._items
            if self._end is not None:
                raise self._end
        finally:
            self.closed.set()


def until(condition: Callable[[], bool]) -> None:
    """Wait for it, for ten seconds at most."""
    deadline = time.monotonic() + 10.0
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def drain(feed: Feed) -> list[Item]:
    """All that is still to come."""
    items = []
    while (item := feed.next(10.0)) is not None:
        items.append(item)
    return items


def told(items: list[Item]) -> list[object]:
    """Blocks by their value, gaps by their length, states by their name."""
    return [
        float(i.samples[0, 0]) if isinstance(i, Block) else i.seconds * 1j if isinstance(i, Gap) else i.state
        for i in items
    ]


def test_a_file_waits_for_its_reader() -> None:
    """However slow that is: nothing is lost, and little waits."""
    source = Said(block(value) for value in range(100))
    feed = Feed(source, 2.0)
    until(lambda: feed.seconds >= 2.0)
    time.sleep(0.05)
    assert 2.0 == feed.seconds
    assert [*map(float, range(100))] == told(drain(feed))


def test_a_live_source_does_not_wait() -> None:
    """What does not fit is a gap at its place, until half of the room is free again."""
    allowed, done = threading.Semaphore(0), threading.Semaphore(0)

    def items() -> Iterator[Item]:
        for item in (*map(block, range(11)), State("retrying", ""), block(11)):
            allowed.acquire(timeout=10.0)
            yield item
            done.release()

    def say(count: int) -> None:
        for _ in range(count):
            allowed.release()
            done.acquire(timeout=10.0)

    feed = Feed(Said(items(), live=True), 2.0)
    say(10)  # four fit
    heard = [feed.next()]
    say(2)  # with one taken, sound is still dropped
    heard += [feed.next(), feed.next()]
    say(1)
    assert [0.0, 1.0, 2.0, 3.0, 3.5j, "retrying", 11.0] == told([*heard, *drain(feed)])


def test_what_goes_wrong_arrives_after_what_was_heard() -> None:
    """In its place, and again for whoever asks again."""
    feed = Feed(Said([block(1)], end=RuntimeError("a mistake of ours")), 2.0)
    assert [1.0] == told([feed.next()])
    for _ in range(2):
        with pytest.raises(RuntimeError, match="a mistake of ours"):
            feed.next()


def test_a_reader_may_wait_for_a_while_only() -> None:
    """It is told that nothing has come."""
    gate = threading.Event()
    feed = Feed(Said(block(1) for _ in range(1) if gate.wait(10.0)), 2.0)
    with pytest.raises(queue.Empty):
        feed.next(0.01)
    gate.set()
    assert [1.0] == told(drain(feed))


@pytest.mark.parametrize("live", [True, False])
def test_closing_leaves_no_thread_behind(live: bool) -> None:
    """Whatever the source is at: its iterator is closed too."""
    before = threading.active_count()
    sources = [Said((block(value) for value in range(10**9)), live) for _ in range(5)]
    for source in sources:
        feed = Feed(source, 2.0)
        feed.next()
        feed.close()
    assert before == threading.active_count()
    assert all(source.closed.is_set() for source in sources)


def test_abandoned_sound_becomes_a_gap_where_it_was_live() -> None:
    """Among what else was said."""
    items: list[Item] = [block(1), block(2), Gap(3.0, "device"), block(4)]
    for live, expected in ((True, [1j, 3j, 0.5j]), (False, [])):
        feed = Feed(Said(items, live), 10.0)
        until(lambda feed=feed: feed.seconds == 1.5)
        feed.abandon()
        assert expected == told(drain(feed))


def test_blocks_are_joined_until_they_last_long_enough() -> None:
    """What is no sound is handed on at once, with the sound before it; so is the rest at the end."""
    items: list[Item] = [block(1), block(2), block(3), State("lost", ""), block(4)]
    feed = Feed(Said(items, live=True), 10.0)
    taken = []
    while (item := feed.next(10.0, least_seconds=1.0)) is not None:
        taken.append(item)
    assert [1.0, 3.0, "lost", 4.0] == told(taken)
    assert [1.0, 0.5, 0.5] == [item.seconds for item in taken if isinstance(item, Block)]


def test_a_reader_is_not_kept_waiting_for_more_than_the_feed_holds() -> None:
    """Half of its capacity is enough."""
    gate = threading.Event()
    feed = Feed(Said((block(1) for number in range(3) if number == 0 or gate.wait(10.0)), live=True), 1.0)
    assert 0.5 == feed.next(10.0, least_seconds=30.0).seconds  # type: ignore[union-attr]  # a block
    with pytest.raises(queue.Empty):
        feed.next(0.01, least_seconds=30.0)
    gate.set()
    feed.close()


def test_a_source_that_keeps_what_comes_is_left_alone_until_enough_has_been_captured() -> None:
    """It is not asked for more before that, but at once when it is to end."""
    gate, asked = threading.Event(), threading.Event()

    def items() -> Iterator[Item]:
        gate.wait(10.0)
        yield block(1)._replace(rest_seconds=1000.0)
        asked.set()
        yield block(2)

    feed = Feed(Said(items(), live=True), 10.0)
    with pytest.raises(queue.Empty):
        feed.next(0.0, least_seconds=1.0)
    gate.set()
    until(lambda: feed.seconds == 0.5)
    assert not asked.wait(0.3)
    feed.stop()
    assert [1.0, 2.0] == told(drain(feed))


def test_a_source_is_left_alone_no_longer_than_it_allows() -> None:
    """However much is missing for its reader."""
    kept = [block(value)._replace(rest_seconds=0.01) for value in range(5)]
    feed = Feed(Said(kept, live=True), 10.0)
    assert [0.0] == told([feed.next(10.0, least_seconds=2.5)])
    assert [] == drain(feed)
