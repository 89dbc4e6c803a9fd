"""Reads a source in a thread, so that one that blocks keeps nothing waiting; the sound that waits is bounded."""

import queue
import threading
from collections import deque
from collections.abc import Iterator

from edge.sources.blocks import first_joined, joined
from edge.sources.source import Block, Gap, Item, Source

_JOIN_SECONDS = 1.0
_FILE_BLOCK_SECONDS = 1.0
_LEAST_REST_SECONDS = 0.08  # else what comes late, or in small pieces, would wake it for each
_ROUNDING_SECONDS = 1e-6  # less than a sample


class Feed:
    """The items of one source, as they come.

    A source that is not live waits while the feed is full: nothing is lost. A live one cannot wait: whole blocks are
    dropped, from a full feed until it is half empty, and a gap of their length stands where they would have been.

    A live source that keeps what comes is left alone until what is missing for the reader has been captured, and then
    read in one go: each time that a thread wakes it finds cold caches, and costs several times what it costs later.

    Args:
        source: read from now on.
        capacity_seconds: of sound that may wait to be processed.
        live_block_seconds: least length of the blocks of a live source; others come in blocks of a second. None leaves
            all as they are.
    """

    def __init__(self, source: Source, capacity_seconds: float, live_block_seconds: float | None = None) -> None:
        self._live_block_seconds = live_block_seconds
        self._source, self._capacity_seconds = source, capacity_seconds
        self._stopping = threading.Event()
        self._changed = threading.Condition()
        self._items: deque[Item] = deque()
        self._failure: Exception | None = None
        self._ended = self._dropping = False
        self.seconds = 0.0  # of sound that waits
        self._wanted_seconds = 0.0  # that the reader waits for
        self._thread = threading.Thread(target=self._read, name=f"source {source.name}", daemon=True)
        self._thread.start()

    def next(self, timeout: float | None = None, least_seconds: float = 0.0) -> Item | None:
        """The next item, or None where the source has ended.

        Args:
            timeout: seconds.
            least_seconds: of sound to wait for; blocks are joined until they last so long, or something else follows.

        Raises:
            queue.Empty: if none came within so many seconds.
            Exception: what the source raised.
        """
        with self._changed:
            self._wanted_seconds = min(least_seconds, self._capacity_seconds / 2) - _ROUNDING_SECONDS
            if not self._changed.wait_for(self._has_enough, timeout):
                raise queue.Empty
            if self._items:
                item = first_joined(self._items, self._wanted_seconds)
                left = self.seconds - (item.seconds if isinstance(item, Block) else 0.0)
                self.seconds = left if self._items else 0.0  # no rounding adds up
                self._changed.notify_all()
                return item
            if self._failure is not None:
                raise self._failure
            return None

    def stop(self) -> None:
        """Tell the source to end."""
        self._stopping.set()

    def abandon(self) -> None:
        """Wait no longer for the source. What still waits is dropped; of a live source it becomes a gap."""
        with self._changed:
            waiting, self._items, self.seconds = self._items, deque(), 0.0
            if self._source.live:
                for item in waiting:
                    self._append(_dropped(item) if isinstance(item, Block) else item)
            self._ended = True
            self._changed.notify_all()

    def close(self) -> None:
        """End the source and its thread; one that blocks is left behind after a second."""
        self.stop()
        self.abandon()
        self._thread.join(_JOIN_SECONDS)

    def _read(self) -> None:
        failure = None
        try:
            for item in self._blocks():
                if not self._put(item):
                    return
                if isinstance(item, Block) and item.rest_seconds > 0.0:
                    self._stopping.wait(self._rest_seconds(item))
        except Exception as exc:  # noqa: BLE001  # a dead thread must not leave the reader waiting
            failure = exc
        with self._changed:
            if not self._ended:
                self._ended, self._failure = True, failure
            self._changed.notify_all()

    def _blocks(self) -> Iterator[Item]:
        items, live_seconds = self._source.items(self._stopping), self._live_block_seconds
        if live_seconds is None:
            return items
        return joined(items, lambda: live_seconds if self._source.live else _FILE_BLOCK_SECONDS)

    def _has_enough(self) -> bool:
        """Whether the reader has something to take."""
        if self._ended or not self._items:
            return self._ended
        return self.seconds >= self._wanted_seconds or not isinstance(self._items[-1], Block)

    def _put(self, item: Item) -> bool:
        """Whether somebody will hear more."""
        with self._changed:
            if not self._source.live:
                self._changed.wait_for(lambda: self.seconds < self._capacity_seconds or self._ended)
            elif isinstance(item, Block) and self._is_to_drop():
                item = _dropped(item)
            if not self._ended:
                self._append(item)
                if self._has_enough():
                    self._changed.notify_all()
            return not self._ended

    def _rest_seconds(self, newest: Block) -> float:
        """For how long to leave the source alone, after the newest that it has.

        Until the reader has taken what it wanted, nobody knows how much it wants next.
        """
        return min(newest.rest_seconds, max(_LEAST_REST_SECONDS, self._wanted_seconds - self.seconds))

    def _is_to_drop(self) -> bool:
        least = 0.5 if self._dropping else 1.0  # else there would be as many gaps as blocks
        self._dropping = self.seconds >= least * self._capacity_seconds
        return self._dropping

    def _append(self, item: Item) -> None:
        last = self._items[-1] if self._items else None
        if isinstance(item, Gap) and isinstance(last, Gap) and item.reason == last.reason:
            self._items[-1] = Gap(last.seconds + item.seconds, last.reason)
            return
        self._items.append(item)
        if isinstance(item, Block):
            self.seconds += item.seconds


def _dropped(block: Block) -> Gap:
    return Gap(block.seconds, "overrun")
