"""The records of the event log, as plain dictionaries. `Log` adds to each the name of its source.

Seconds count from the source's first sample; times of day are included if they are known.
"""

from dataclasses import asdict
from typing import Any

from edge.detection import Event, Onset, frame_edge
from edge.log.timeline import Timeline
from edge.model import Card, ClassDecoding
from edge.sources import Start

SCHEMA = "sed-edge-log/1"
Record = dict[str, Any]


def start_record(card: Card, labels: list[str], timeline: Timeline, start: Start | None = None) -> Record:
    """The first record of a source; `start` is where the time at which it began comes from, if not from the clock."""
    record: Record = {"type": "start", "schema": SCHEMA, "model": card.model_id, "labels": labels}
    if timeline.has_utc:
        record |= {"started_at": timeline.utc(0), "started_at_from": "clock" if start is None else start.place}
    if start is not None:
        record["started_at_zone"] = start.zone
    return record


def onset_record(number: int, onset: Onset, card: Card, timeline: Timeline) -> Record:
    """The onset of an event that will be written under the same number."""
    sample = frame_edge(onset.onset_frame, card.frame_samples)
    return {"type": "onset", "id": number, "label": onset.label, **_times(timeline, onset=sample)}


def event_record(number: int, event: Event, card: Card, timeline: Timeline, heard_samples: int) -> Record:
    """One event. If the source ended within the last frame, so does the event."""
    onset = frame_edge(event.onset_frame, card.frame_samples)
    offset = min(frame_edge(event.offset_frame, card.frame_samples), heard_samples)
    return {
        "type": "event",
        "id": number,
        "label": event.label,
        **_times(timeline, onset=onset, offset=offset),
        "confidence": round(event.confidence, 4),
        "closed_by": event.closed_by,
    }


def gap_record(begin: int, end: int, reason: str, timeline: Timeline) -> Record:
    """A gap: the sound of these samples was lost."""
    return {"type": "gap", **_times(timeline, onset=begin, offset=end), "reason": reason}


def source_record(state: str, detail: str) -> Record:
    """A new state of a source: `connected`, `lost` or `retrying`; or of its inference: `slow` or `steady`."""
    return {"type": "source", "state": state, "detail": detail}


def model_record(card: Card, sha256: str, decoding: dict[str, ClassDecoding], frame: int, timeline: Timeline) -> Record:
    """Another model is used from a frame on; `decoding` has the settings of the reported labels."""
    return {
        "type": "model",
        "model": card.model_id,
        "sha256": sha256,
        **_times(timeline, onset=frame_edge(frame, card.frame_samples)),
        "labels": list(decoding),
        "decoding": {label: asdict(settings) for label, settings in decoding.items()},
    }


def stop_record(reason: str) -> Record:
    """The last record of a source; the reason is `end`, `interrupted` or `error`."""
    return {"type": "stop", "reason": reason}


def _times(timeline: Timeline, **samples: int) -> dict[str, float | str]:
    """The given samples in seconds, then as times of day if these are known, by name."""
    times: dict[str, float | str] = {name: timeline.seconds(sample) for name, sample in samples.items()}
    if timeline.has_utc:
        times |= {f"{name}_utc": timeline.utc(sample) for name, sample in samples.items()}
    return times
