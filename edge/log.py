"""One log of several sources."""

import threading
from collections.abc import Sequence

from edge.records import Record
from edge.sinks import Sink


class Log:
    """Takes records from several threads, numbers events, and hands each record to every sink.

    Attributes:
        failure: what a sink raised: nothing is written after it.
    """

    def __init__(self, sinks: Sequence[Sink]) -> None:
        self._sinks = sinks
        self._lock = threading.Lock()
        self._numbers = 0
        self.failure: OSError | None = None

    def number(self) -> int:
        """The next event's."""
        with self._lock:
            self._numbers += 1
            return self._numbers

    def write(self, source: str, record: Record) -> None:
        """Write a record of the source of that name.

        Raises:
            OSError: that of the first sink that failed, from then on.
        """
        with self._lock:
            if self.failure is not None:
                raise self.failure
            try:
                for sink in self._sinks:
                    sink.write({"type": record["type"], "source": source, **record})
            except OSError as exc:
                self.failure = exc
                raise
