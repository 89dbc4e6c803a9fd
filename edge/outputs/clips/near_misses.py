"""What almost was an event: its peak stayed between a lower bound and the threshold.

A second decoder, whose events begin at the lower bound, gets the same scores; those of its events that stayed below the
threshold are near misses.
"""

import dataclasses
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import timedelta

from edge.detection import Decoder, Event, frame_edge
from edge.log.scores import DecoderInput
from edge.model import Card, ClassDecoding
from edge.outputs.clips.files import Moment

_HOUR_SECONDS = 3600.0


class NearMisses:
    """Finds the near misses of several sources.

    Args:
        card: of the model.
        decoding: label -> settings of the decoder that finds the events.
        labels: that are reported.
        least: peak of a near miss.
        per_hour: most of them in an hour.
    """

    def __init__(
        self, card: Card, decoding: Mapping[str, ClassDecoding], labels: Sequence[str], least: float, per_hour: int
    ) -> None:
        self._card, self._decoding, self._per_hour = card, decoding, per_hour
        self._reported, self._least = labels, least
        self._changed: dict[str, Mapping[str, ClassDecoding]] = {}  # settings of sources that use another model by now
        self._decoders: dict[str, Decoder] = {}
        self._running: set[str] = set()
        self._found_at: deque[float] = deque()

    def change(self, source: str, decoding: Mapping[str, ClassDecoding]) -> None:
        """Use other settings for a source from now on."""
        self._changed[source] = decoding
        self._decoders.pop(source, None)
        self._running.discard(source)

    def take(self, source: str, scores: DecoderInput, now: float) -> list[Moment]:
        """Take the scores of one call; return the near misses that are certain now."""
        decoding = self._changed.get(source, self._decoding)
        labels = [label for label in self._reported if decoding[label].on > self._least]
        if not labels:
            return []
        if source not in self._decoders:
            self._decoders[source] = Decoder(self._card.labels, self._lower(decoding), labels)
        decoder, events = self._decoders[source], list[Event]()
        for push in scores.scores:
            if source not in self._running:
                decoder.reset(push.first_frame)
                self._running.add(source)
            events += decoder.push(push.scores, push.lost)
        if scores.closed_by is not None:
            events += decoder.flush(scores.closed_by)
            self._running.discard(source)
        missed = [event for event in events if event.confidence < decoding[event.label].on]
        return [self._moment(source, event, scores) for event in missed if self._may_save(now)]

    def _lower(self, decoding: Mapping[str, ClassDecoding]) -> dict[str, ClassDecoding]:
        """The settings, with events that begin at the least peak of a near miss."""
        return {
            label: dataclasses.replace(one, on=min(self._least, one.on), off=min(self._least, one.off))
            for label, one in decoding.items()
        }

    def _may_save(self, now: float) -> bool:
        while self._found_at and now - self._found_at[0] > _HOUR_SECONDS:
            self._found_at.popleft()
        if len(self._found_at) >= self._per_hour:
            return False
        self._found_at.append(now)
        return True

    def _moment(self, source: str, event: Event, scores: DecoderInput) -> Moment:
        card = self._card
        onset = frame_edge(event.onset_frame, card.frame_samples) / card.sample_rate
        end = min(frame_edge(event.offset_frame, card.frame_samples), scores.heard_samples)
        at = None if scores.began_at is None else scores.began_at + timedelta(seconds=onset)
        confidence = round(event.confidence, 4)
        return Moment(source, event.label, onset, end / card.sample_rate, confidence, at, "near miss", {})
