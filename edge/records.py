"""The event log: the records of design, as plain dictionaries.

Seconds count from the source's first sample; UTC comes from one anchor, where the source has one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from edge.card import Card
from edge.events import Event, frame_edge

SCHEMA = "sed-edge-log/1"
Record = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Clock:
    """Turns samples into seconds and times of day.

    Attributes:
        sample_rate: Hz.
        started_at: when the source's first sample was heard, in UTC, or None for a source without a time of day.
    """

    sample_rate: int
    started_at: datetime | None = None

    def seconds(self, samples: int) -> float:
        """Seconds since the source began, to the millisecond."""
        return round(samples / self.sample_rate, 3)

    def utc(self, samples: int) -> str:
        """RFC 3339, to the millisecond."""
        assert self.started_at is not None
        time = self.started_at + timedelta(seconds=samples / self.sample_rate)
        return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def start_record(source: str, card: Card, labels: list[str], clock: Clock) -> Record:
    """The first line of a log."""
    record: Record = {"type": "start", "schema": SCHEMA, "source": source, "model": card.model_id, "labels": labels}
    if clock.started_at is not None:
        record["started_at"] = clock.utc(0)
    return record


def event_record(number: int, event: Event, card: Card, clock: Clock, heard_samples: int) -> Record:
    """One event. A frame that the source filled only in part ends where the source did."""
    onset = frame_edge(event.onset_frame, card.frame_samples)
    offset = min(frame_edge(event.offset_frame, card.frame_samples), heard_samples)
    record: Record = {
        "type": "event",
        "id": number,
        "label": event.label,
        "onset": clock.seconds(onset),
        "offset": clock.seconds(offset),
    }
    if clock.started_at is not None:
        record |= {"onset_utc": clock.utc(onset), "offset_utc": clock.utc(offset)}
    return record | {"confidence": round(event.confidence, 4), "closed_by": event.closed_by}


def gap_record(onset: float, offset: float, reason: str) -> Record:
    """A time, in seconds since the source began, in which nothing could be heard."""
    return {"type": "gap", "onset": round(onset, 3), "offset": round(offset, 3), "reason": reason}


def stats_record(source_seconds: float, gap_seconds: float, busy_seconds: float, events: dict[str, int]) -> Record:
    """How it went: how much was heard, how much of the time was spent on it, events by label."""
    heard_seconds = source_seconds - gap_seconds
    return {
        "type": "stats",
        "audio_seconds": round(heard_seconds, 3),
        "gap_seconds": round(gap_seconds, 3),
        "coverage": round(heard_seconds / source_seconds, 5) if source_seconds > 0 else 1.0,
        "real_time_factor": round(busy_seconds / source_seconds, 5) if source_seconds > 0 else 0.0,
        "events": events,
    }


def stop_record(reason: str) -> Record:
    """The last line: `end`, `interrupted` or `error`."""
    return {"type": "stop", "reason": reason}
