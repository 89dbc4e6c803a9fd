"""One log of several sources."""

import contextlib
import threading
from collections.abc import Iterator

from edge.log.records import Record
from edge.log.sinks import Sink


class Log:
    """Takes records from several threads and numbers events.

    Args:
        sink: where the records go.

    Attributes:
        failure: what the sink raised: nothing is written after that.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._lock = threading.RLock()
        self._numbers = 0
        self.failure: OSError | None = None

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """What one thread numbers and writes within this, nobody else's comes between."""
        with self._lock:
            yield

    def number(self) -> int:
        """The next event's."""
        with self._lock:
            self._numbers += 1
            return self._numbers

    def write(self, source: str, record: Record) -> None:
        """Write a record of the source of that name.

        Raises:
            OSError: that of the sink, from its first one on.
        """
        with self._lock:
            if self.failure is not None:
                raise self.failure
            try:
                self._sink.write({"type": record["type"], "source": source, **record})
            except OSError as exc:
                self.failure = exc
                raise
