"""Numbers the events of one source and writes them to the log, in a live run as in a replay of kept scores."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from edge.detection import Event, Onset
from edge.log.records import event_record, onset_record
from edge.log.shared_log import Log
from edge.log.timeline import Timeline
from edge.model import Card


class EventWriter:
    """Writes events and, under the same numbers, their onsets.

    Args:
        source: its name.
        card: of the model.
        log: shared with other sources.
        counts: number of events by label; updated here.
        onsets: whether onsets are written.
    """

    def __init__(self, source: str, card: Card, log: Log, counts: Counter[str], *, onsets: bool) -> None:
        self._source, self._card, self._log, self._counts, self._onsets = source, card, log, counts, onsets
        self._ids: dict[Onset, int] = {}  # of events whose onsets have been written

    def write(
        self, events: Sequence[Event], onsets: Sequence[Onset], heard_samples: int, began_at: datetime | None
    ) -> None:
        """Write the onsets and events of one call of an event stream.

        Args:
            events: those that can no longer change.
            onsets: those that became certain.
            heard_samples: end of the source's sound so far, in samples at the model's rate.
            began_at: when its first sample was captured, in UTC, if known.
        """
        timeline = Timeline(self._card.sample_rate, began_at)
        if self._onsets:
            for onset in onsets:
                number = self._ids[onset] = self._log.next_id()
                self._log.write(self._source, onset_record(number, onset, self._card, timeline))
        for event in events:
            self._counts[event.label] += 1
            onset = Onset(label=event.label, onset_frame=event.onset_frame)
            number = self._ids.pop(onset) if onset in self._ids else self._log.next_id()
            self._log.write(self._source, event_record(number, event, self._card, timeline, heard_samples))
