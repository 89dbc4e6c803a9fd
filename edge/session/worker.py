"""A thread that hands the items of one source to its reporter."""

import math
import queue
import threading
import time
from collections.abc import Callable

from edge.session.reporter import Reporter
from edge.sources import Feed, Item, Source, State, work_slots

_HOUR_SECONDS = 3600.0
_slots = work_slots()
_LONGEST_WAIT_SECONDS = 60.0  # that a condition variable takes on every machine


class Worker:
    """Hands the items of one source to its reporter, until the source ends or is stopped.

    Args:
        source: read from now on.
        reporter: of this source.
        queue_seconds: most of its sound that may wait for the model.
        block_seconds: least length of the blocks that a live source hands on.
        stats_every_seconds: time between two `stats` records; 0 for only the last one, None for hourly ones of live
            sources.
        done: called when it has ended, from the worker's thread.

    Attributes:
        failure: the exception that ended it, if any.
    """

    def __init__(
        self,
        source: Source,
        reporter: Reporter,
        queue_seconds: float,
        block_seconds: float,
        stats_every_seconds: float | None,
        done: Callable[["Worker"], None],
    ) -> None:
        self.source = source
        self.failure: Exception | None = None
        self._reporter, self._done = reporter, done
        self._stats_every_seconds = stats_every_seconds
        self._interrupted = False
        self._feed = Feed(source, queue_seconds, block_seconds)
        self._thread = threading.Thread(target=self._run, name=f"listener {source.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the source; what a live one has delivered until now is still processed."""
        self._interrupted = True
        self._feed.stop()
        if not self.source.live:
            self._feed.abandon()

    def join(self, timeout: float) -> None:
        """Wait for the end; after `timeout` seconds, drop what has not been processed."""
        self._thread.join(timeout)
        if self._thread.is_alive():
            self._feed.abandon()
            self._thread.join()

    def _run(self) -> None:
        try:
            self._listen()
        except Exception as exc:  # noqa: BLE001  # raised by the thread that waits for this one
            self.failure = exc
        finally:
            self._feed.close()
            self._done(self)

    def _listen(self) -> None:
        first = [self._feed.next()]
        if isinstance(first[0], State) and first[0].state == "connected":
            first.append(self._feed.next())  # the first block tells when the source began
        self._reporter.begin(first[-1])
        every = self._stats_every_seconds
        if every is None:
            every = _HOUR_SECONDS if self.source.live else 0.0
        stats = _Interval(every if every > 0 else math.inf)
        item = first.pop(0)
        while item is not None:
            with _slots:
                self._reporter.take(item, self._feed.seconds)
            item = first.pop(0) if first else self._next(stats)
        self._reporter.end("error" if self.failure is not None else "interrupted" if self._interrupted else "end")

    def _next(self, stats: "_Interval") -> Item | None:
        """The next item, None after the last one. While it waits, stats are written when they are due."""
        while True:
            if stats.is_due():
                self._reporter.write_stats()
            try:
                wait_seconds = min(stats.seconds_left, _LONGEST_WAIT_SECONDS)
                return self._feed.next(wait_seconds, self._reporter.useful_seconds)
            except queue.Empty:
                continue
            except Exception as exc:  # noqa: BLE001  # the log is ended first
                self.failure = exc
                return None


class _Interval:
    """Tells when something is due that happens every so many seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._next = seconds, time.monotonic() + seconds

    @property
    def seconds_left(self) -> float:
        """Seconds until it is due."""
        return max(0.0, self._next - time.monotonic())

    def is_due(self) -> bool:
        """Whether it is due; if so, the next interval begins."""
        if time.monotonic() < self._next:
            return False
        self._next += self._seconds
        return True
