"""One log that several sources write to."""

import contextlib
import threading
from collections.abc import Iterator

from edge.log.records import Record
from edge.log.sinks import Sink


class Log:
    """Numbers events and takes records from several threads.

    Args:
        sink: where the records go.

    Attributes:
        failure: the error of the sink; nothing is written after it.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._lock = threading.RLock()
        self._ids = 0
        self.failure: OSError | None = None

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep other threads from numbering and writing while one thread is in this context."""
        with self._lock:
            yield

    def next_id(self) -> int:
        """The number of the next event."""
        with self._lock:
            self._ids += 1
            return self._ids

    def write(self, source: str, record: Record) -> None:
        """Write a record of the source of that name.

        Raises:
            OSError: the first error of the sink, on this and every later call.
        """
        with self._lock:
            if self.failure is not None:
                raise self.failure
            try:
                self._sink.write({"type": record["type"], "source": source, **record})
            except OSError as exc:
                self.failure = exc
                raise
