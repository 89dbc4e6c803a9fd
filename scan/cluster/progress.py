"""What a person sees of a scan while it runs: a line that changes on a terminal, one a minute in a log."""

import logging
import sys
import time
from typing import Any

_log = logging.getLogger(__name__)

_TERMINAL_SECONDS, _LOG_SECONDS = 0.5, 60.0


class Progress:
    """Counts what is done.

    Args:
        rows: that there are to be.
        done: of them, before.
    """

    def __init__(self, rows: int, done: int) -> None:
        self.rows, self.done, self.failed, self.seconds = rows, done, 0, 0.0
        self._before, self._began = done, time.monotonic()
        self._terminal = sys.stderr.isatty()
        self._next = self._began + (_TERMINAL_SECONDS if self._terminal else _LOG_SECONDS)

    def add(self, receipt: dict[str, Any]) -> None:
        """Count what a receipt says."""
        self.done += receipt.get("rows", 0)
        self.failed += receipt.get("failed", 0)
        self.seconds += receipt.get("seconds", 0.0)
        now = time.monotonic()
        if now >= self._next:
            self._next = now + (_TERMINAL_SECONDS if self._terminal else _LOG_SECONDS)
            self._show(now)

    def end(self) -> None:
        """Leave the line."""
        if self._terminal:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    @property
    def took_seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self._began

    def _show(self, now: float) -> None:
        took = max(1e-3, now - self._began)
        fresh = self.done - self._before
        left = f"{(self.rows - self.done) * took / fresh / 60:.0f} min left" if fresh else "time left unknown"
        text = (
            f"{self.done} of {self.rows} files, {self.seconds / 3600:.1f} h of sound, "
            f"{self.seconds / 3600 / took:.3f} h/s, {self.failed} failed, {left}"
        )
        if self._terminal:
            sys.stderr.write(f"\r{text}\x1b[K")
            sys.stderr.flush()
        else:
            _log.info("%s", text)
