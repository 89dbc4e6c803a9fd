"""One source as MQTT shows it: records and sound in, states and events out.

A state is retained by the broker and replaces the one before; an event is a message of its own, which must not be lost.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from edge.log import Record
from edge.outputs.listening import Listening
from edge.outputs.mqtt.discovery import Place, event_type
from edge.outputs.output import Sound

SCHEMA = "sed-edge-event/1"
_SILENT_SECONDS = 30.0  # without sound, after which a source that nobody called lost is not available
_HOUR_SECONDS = 3600.0


class State(NamedTuple):
    """A retained message."""

    topic: str
    payload: str


class Event(NamedTuple):
    """A message that waits until it is delivered.

    Attributes:
        topic: of it.
        key: the same for the same event.
        data: as JSON, but for `late`.
    """

    topic: str
    key: str
    data: dict[str, Any]


class SourceStates:
    """What is known of one source.

    Args:
        place: of the source.
        labels: that are reported, each with its name in topics.
        model: id of the model.
        run: id of the run, part of the keys of events that have no time of day.
        now: by `time.monotonic`.
    """

    def __init__(self, place: Place, labels: Mapping[str, str], model: str, run: str, now: float) -> None:
        self._place, self._slugs, self._model, self._run = place, labels, model, run
        self._labels = tuple(labels)
        self._listening = Listening(now, _HOUR_SECONDS)
        self._lost = True  # until it is heard
        self._connections_lost = 0
        self._sounding: set[str] = set()
        self._today: dict[str, tuple[str, int, str]] = {}  # label -> day, events of the day, onset of the first
        self._available: str | None = None
        self._numbers = 0  # of events

    def initial(self) -> list[State]:
        """What holds before anything is heard: not available, and nothing sounds."""
        return [*self._availability(False), *(self._label_state(label, "OFF") for label in self._labels)]

    def hear(self, sound: Sound) -> list[State]:
        """Note sound."""
        self._listening.hear(sound)
        if sound.at == self._listening.heard_at:
            self._lost = False
        return self._availability(not self._lost)

    def availability(self, now: float) -> list[State]:
        """What changed because time has passed."""
        return self._availability(not self._lost and self._listening.missing_seconds(now) < _SILENT_SECONDS)

    def stats(self, now: float) -> list[State]:
        """Coverage, lag and level, once they are known."""
        coverage = self._listening.coverage(now)
        if coverage is None:
            return []
        lag, level = self._listening.lag_seconds, self._listening.level_dbfs
        figures = {
            "coverage_1h": round(coverage, 4),
            "lag_s": None if lag is None else round(lag, 2),
            "level_dbfs": None if level is None else round(level, 1),
            "connections_lost": self._connections_lost,
        }
        return [State(f"{self._place.topic}/stats", json.dumps(figures))]

    def count(self, record: Record) -> None:
        """Note an event of an earlier run, for the counts of the day."""
        onset = record.get("onset_utc")
        if onset is None:
            return
        day = datetime.fromisoformat(onset).astimezone().date().isoformat()
        before = self._today.get(record["label"], (day, 0, onset))
        known = before if before[0] == day else (day, 0, onset)
        self._today[record["label"]] = (day, known[1] + 1, known[2])

    def note(self, record: Record, now: float) -> list[State | Event]:
        """Take a record of the log."""
        self._listening.note(record, now)
        match record["type"]:
            case "model":
                self._model = record["model"]
            case "onset" if record["label"] in self._slugs:
                self._sounding.add(record["label"])
                return [self._label_state(record["label"], "ON")]
            case "event" if record["label"] in self._slugs:
                return self._event(record)
            case "gap":
                return [self._plain("gap", record, event_type=record["reason"])]
            case "output":
                return [self._plain("lost", record, event_type="lost")]
            case "source" if record["state"] == "lost":
                self._connections_lost += 1
                self._lost = True
                return [*self._silence(), *self._availability(False)]
            case "stop":
                self._lost = True
                return [*self._silence(), *self._availability(False)]
        return []

    def onset_event(self, record: Record) -> State:
        """The message about an onset, which is worth nothing later."""
        data = {"schema": SCHEMA, "source": record["source"], "label": record["label"], "seq": record["id"]}
        return State(f"{self._place.topic}/onset", json.dumps(data | _times(record), ensure_ascii=False))

    def event(self, record: Record) -> Event:
        """The message about an event; made again from the log, it has the same id."""
        label = record["label"]
        data: dict[str, Any] = {
            "event_type": event_type(label, self._labels),
            "schema": SCHEMA,
            "id": self._key(record),
            "seq": record["id"],
            "source": record["source"],
            "label": label,
            **_times(record),
            "duration": round(record["offset"] - record["onset"], 3),
            "confidence": record["confidence"],
            "closed_by": record["closed_by"],
            "model": self._model,
        }
        return Event(f"{self._place.topic}/event", data["id"], data)

    def _event(self, record: Record) -> list[State | Event]:
        """An event, and the states that follow from it."""
        self.count(record)
        event, label = self.event(record), record["label"]
        names = ("id", "onset_utc", "offset_utc", "duration", "confidence")
        chosen = {name: event.data[name] for name in names if name in event.data}
        if label in self._today:
            _, chosen["count_today"], chosen["first_today"] = self._today[label]
        before = [] if label in self._sounding else [self._label_state(label, "ON")]
        self._sounding.discard(label)
        return [
            *before,
            event,
            State(f"{self._place.topic}/last", json.dumps(event.data, ensure_ascii=False)),
            State(f"{self._place.topic}/label/{self._slugs[label]}/attr", json.dumps(chosen)),
            self._label_state(label, "OFF"),
        ]

    def _plain(self, topic: str, record: Record, event_type: str) -> Event:
        """A record as it is in the log."""
        data = {key: value for key, value in record.items() if key not in ("type", "event_type")}
        return Event(f"{self._place.topic}/{topic}", self._key({}), {"event_type": event_type} | data)

    def _key(self, record: Record) -> str:
        """A name that no other event has, and that an event with a time of day has in every run."""
        self._numbers += 1
        parts: tuple[object, ...] = (self._run, self._numbers)
        if "onset_utc" in record:
            parts = (record["label"], record["onset_utc"])
        return hashlib.sha256(repr((self._place.topic, *parts)).encode()).hexdigest()[:24]

    def _silence(self) -> list[State]:
        states = [self._label_state(label, "OFF") for label in sorted(self._sounding)]
        self._sounding.clear()
        return states

    def _availability(self, available: bool) -> list[State]:
        """The state, if it is another than before."""
        payload = "online" if available else "offline"
        if payload == self._available:
            return []
        self._available = payload
        return [State(f"{self._place.topic}/availability", payload)]

    def _label_state(self, label: str, payload: str) -> State:
        return State(f"{self._place.topic}/label/{self._slugs[label]}/state", payload)


def _times(record: Record) -> dict[str, Any]:
    """Times of day where they are known, else seconds since the source began."""
    known = [key for key in ("onset_utc", "offset_utc") if key in record]
    return {key: record[key] for key in known or ("onset", "offset") if key in record}
