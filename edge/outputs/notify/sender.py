"""Delivers the messages of one target, in order, as long as it takes: a thread for each target."""

import json
import logging
import random
import threading
import time
from collections.abc import Callable

from edge.outputs.notify.targets import Send, shown
from edge.outputs.spool import Message, Spool

_log = logging.getLogger(__name__)

_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 1.0, 300.0
CLOSE_SECONDS = 6.0  # that all senders together may take to end


class Sender:
    """Sends what waits for a target. What fails is tried again after 1 s, 2 s and so on, up to five minutes.

    Args:
        target: its URL.
        send: makes one attempt.
        spool: that messages wait in.
        lose: called for a message that the target refused: with its source and why.

    Attributes:
        failure: why the last attempt failed; None if it did not.
    """

    def __init__(self, target: str, send: Send, spool: Spool, lose: Callable[[str, str], None]) -> None:
        self._target, self._send, self._spool, self._lose = target, send, spool, lose
        self._changed, self._stopping = threading.Event(), threading.Event()
        self._done = 0  # number of the last message that needs no other attempt
        self._thread = threading.Thread(target=self._run, name=f"sender {shown(target)}", daemon=True)
        self.failure: str | None = None

    def start(self) -> None:
        """Begin, with what waits from before."""
        self._thread.start()

    def wake(self) -> None:
        """Look for new messages."""
        self._changed.set()

    def stop(self) -> None:
        """Try once more what waits, and end; the rest waits for the next start."""
        self._stopping.set()
        self._changed.set()

    def join(self, timeout: float) -> bool:
        """Wait for the end; returns whether it came in time."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        failures = 0
        while True:
            stopping = self._stopping.is_set()
            self._changed.clear()
            after_seconds = self._send_all()
            if stopping:
                return
            if after_seconds is None:
                failures = 0
                self._changed.wait()
                continue
            wait = min(_LONGEST_WAIT_SECONDS, _FIRST_WAIT_SECONDS * 2.0**failures) * random.uniform(0.75, 1.25)
            failures += 1
            self._stopping.wait(max(wait, after_seconds))

    def _send_all(self) -> float | None:
        """Send until nothing waits (None) or an attempt fails: then for how long the server wants to be left alone."""
        end = time.monotonic() + CLOSE_SECONDS
        while waiting := self._spool.waiting(self._target, 1, self._done):
            outcome = self._attempt(waiting[0])
            if outcome is not None:
                return outcome
            if self._stopping.is_set() and time.monotonic() > end:
                break
        return None

    def _attempt(self, message: Message) -> float | None:
        outcome = self._send(json.loads(message.body))
        if outcome.failure is not None and outcome.again:
            if self.failure is None:
                _log.warning("%s: %s; messages wait until it works again", shown(self._target), outcome.failure)
            self.failure = outcome.failure
            return outcome.after_seconds or 0.0
        if outcome.failure is not None:
            _log.warning("%s: refused a message: %s", shown(self._target), outcome.failure)
            self._lose(message.source, f"refused: {outcome.failure}")
        elif self.failure is not None:
            _log.warning("%s: works again", shown(self._target))
        self.failure, self._done = None, message.number
        try:
            self._spool.remove([message.number])
        except OSError as exc:
            _log.warning("%s; after a restart, messages may be sent twice", exc)
        return None
