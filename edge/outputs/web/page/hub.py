"""The messages to open tabs, as server-sent events: numbered, kept for a while, never waited for.

    the output's thread ── publish ──> kept, and the queue of each tab ──> the server's thread, a task each

A tab that comes back says the number of the last message it has (`Last-Event-ID`), and gets those after it; where these
are no longer kept, it gets the state as a whole. A tab whose queue is full is cut off.
"""

import asyncio
import contextlib
import json
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

Item = dict[str, Any]

MOST_TABS = 32
_MOST_WAITING = 30  # messages, one every two seconds, until a tab is cut off
_MOST_KEPT = 60  # messages
_KEPT_BYTES = 4 << 20
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_GRACE_SECONDS = 60.0  # after the last tab, in which messages are made for one that comes back


class Tab:
    """An open tab: its queue, filled by one thread and emptied by another."""

    def __init__(self) -> None:
        self._filled = asyncio.Event()
        self._waiting: deque[bytes] = deque()
        self.was_cut_off = False
        self.on_cut_off: Callable[[], object] = lambda: None  # called in the loop

    def put(self, message: bytes) -> None:
        """Add a message; if there is no room, cut the tab off. It has to be woken then."""
        if len(self._waiting) >= _MOST_WAITING:
            self.was_cut_off = True
        elif not self.was_cut_off:
            self._waiting.append(message)

    def wake(self) -> None:
        """See what waits; called in the loop."""
        self._filled.set()
        if self.was_cut_off:
            self.on_cut_off()

    async def next(self) -> bytes:
        """What waits, as soon as anything does."""
        while not self._waiting:
            self._filled.clear()
            await self._filled.wait()
        return b"".join([self._waiting.popleft() for _ in range(len(self._waiting))])


class Hub:
    """The open tabs of a run.

    Args:
        snapshot: makes the items that say the state as a whole; called under the lock of `publish`.
    """

    def __init__(self, snapshot: Callable[[], list[Item]]) -> None:
        self._snapshot = snapshot
        self._run = secrets.token_hex(4)
        self._lock = threading.Lock()
        self._number = 0
        self._kept: deque[tuple[int, bytes]] = deque()
        self._kept_bytes = 0
        self._tabs: set[Tab] = set()
        self._loop: asyncio.AbstractEventLoop | None = None  # of the server
        self._left_at = -_GRACE_SECONDS

    @property
    def is_watched(self) -> bool:
        """Whether somebody looks, or may come back."""
        return bool(self._tabs) or time.monotonic() - self._left_at < _GRACE_SECONDS

    @property
    def tabs(self) -> int:
        """How many are open."""
        return len(self._tabs)

    def publish(self, items: list[Item]) -> None:
        """Send items to every tab, as one message; nothing is made while nobody looks."""
        with self._lock:
            if not self.is_watched:
                self._kept.clear()
                self._kept_bytes = 0
                return
            self._number += 1
            message = self._message(items)
            self._kept.append((self._number, message))
            self._kept_bytes += len(message)
            while len(self._kept) > _MOST_KEPT or self._kept_bytes > _KEPT_BYTES:
                self._kept_bytes -= len(self._kept.popleft()[1])
            for tab in self._tabs:
                tab.put(message)
            if self._loop is not None:
                with contextlib.suppress(RuntimeError):  # the server has ended
                    self._loop.call_soon_threadsafe(self._wake, list(self._tabs))

    def join(self, after: str) -> Tab | None:
        """Open a tab; None if there are too many. Called in the loop of the server.

        Args:
            after: identifier of the last message that it has, or "".
        """
        with self._lock:
            if len(self._tabs) >= MOST_TABS:
                return None
            self._loop, tab = asyncio.get_running_loop(), Tab()
            missed = self._missed(after)
            tab.put(self._message(self._snapshot()) if missed is None else missed)
            self._tabs.add(tab)
            return tab

    def leave(self, tab: Tab) -> None:
        """Close a tab."""
        with self._lock:
            self._tabs.discard(tab)
            self._left_at = time.monotonic()

    def _wake(self, tabs: list[Tab]) -> None:
        for tab in tabs:
            tab.wake()

    def _missed(self, after: str) -> bytes | None:
        """The messages since one; None if they are no longer kept."""
        run, _, number = after.partition("-")
        if run != self._run or not number.isdecimal() or len(number) > 15:
            return None
        last = int(number)
        if last == self._number:
            return b""
        if not self._kept or not self._kept[0][0] - 1 <= last < self._number:
            return None
        return b"".join(message for kept, message in self._kept if kept > last)

    def _message(self, items: list[Item]) -> bytes:
        return f"id: {self._run}-{self._number}\ndata: {_encode(items)}\n\n".encode()
