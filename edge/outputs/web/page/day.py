"""The events of the last day, counted by label and by quarter of an hour; a browser adds them up to its own hours."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime

from edge.log import Record

QUARTER_SECONDS = 900
_KEPT_SECONDS = 25 * 3600


class DayCounts:
    """Counts of events whose time of day is known.

    An event counts once, although it may be read from the log and come by itself.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str, str], float] = {}
        self._pruned_at = time.time()

    def read(self, records: Iterable[Record]) -> None:
        """Take the events of a log."""
        for record in records:
            if record["type"] == "event":
                self.add(record)

    def add(self, record: Record) -> None:
        """Take an event."""
        now, said = time.time(), record.get("onset_utc")
        if isinstance(said, str):
            at = datetime.fromisoformat(said).timestamp()
            if at > now - _KEPT_SECONDS:
                self._seen[str(record["source"]), str(record["label"]), said] = at
        if now - self._pruned_at > QUARTER_SECONDS:
            self._pruned_at = now
            self._seen = {key: at for key, at in self._seen.items() if at > now - _KEPT_SECONDS}

    def join(self, other: "DayCounts") -> None:
        """Take all of another, too."""
        self._seen |= other._seen

    def counts(self) -> dict[str, dict[int, int]]:
        """Label -> beginning of a quarter of an hour, in seconds since 1970 -> events that began in it."""
        counts: defaultdict[str, Counter[int]] = defaultdict(Counter)
        for (_, label, _), at in self._seen.items():
            counts[label][int(at // QUARTER_SECONDS) * QUARTER_SECONDS] += 1
        return {label: dict(quarters) for label, quarters in counts.items()}
