"""Events of one source into the log, under its numbers: the same from sound as from scores that were kept."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from edge.detection import Event, Onset
from edge.log.records import event_record, onset_record
from edge.log.shared_log import Log
from edge.log.timeline import Timeline
from edge.model import Card


class EventWriter:
    """Writes events, and their onsets under the same numbers.

    Args:
        source: its name.
        card: of the model.
        log: shared with other sources.
        counts: of events by label; counted on here.
        onsets: whether onsets are written.
    """

    def __init__(self, source: str, card: Card, log: Log, counts: Counter[str], *, onsets: bool) -> None:
        self._source, self._card, self._log, self._counts, self._onsets = source, card, log, counts, onsets
        self._numbers: dict[Onset, int] = {}  # of events whose onsets have been written

    def write(
        self, events: Sequence[Event], onsets: Sequence[Onset], heard_samples: int, began_at: datetime | None
    ) -> None:
        """Write what one call of a listener found.

        Args:
            events: that it settled.
            onsets: that it made certain.
            heard_samples: where the source's sound ends.
            began_at: when its first sample was heard, in UTC, if that is known.
        """
        timeline = Timeline(self._card.sample_rate, began_at)
        if self._onsets:
            for onset in onsets:
                number = self._numbers[onset] = self._log.number()
                self._log.write(self._source, onset_record(number, onset, self._card, timeline))
        for event in events:
            self._counts[event.label] += 1
            onset = Onset(label=event.label, onset_frame=event.onset_frame)
            number = self._numbers.pop(onset) if onset in self._numbers else self._log.number()
            self._log.write(self._source, event_record(number, event, self._card, timeline, heard_samples))
