"""Where records go."""

import json
from typing import Protocol, TextIO

from edge.records import Record


class Sink(Protocol):
    """Takes records, in order."""

    def write(self, record: Record) -> None:
        """Write one record and hand it on at once."""


class KeepingSink:
    """Keeps the records, for whoever asks later."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def write(self, record: Record) -> None:
        """See `Sink.write`."""
        self.records.append(record)


class JsonLinesSink:
    """One JSON object a line."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, record: Record) -> None:
        """See `Sink.write`."""
        self._stream.write(json.dumps(record, ensure_ascii=False) + "\n")
        self._stream.flush()


class TextSink:
    """A table for people: events, gaps, and what they add up to."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._label_width = self._time_width = 0

    def write(self, record: Record) -> None:
        """See `Sink.write`."""
        line = self._line(record)
        if line is not None:
            self._stream.write(line + "\n")
            self._stream.flush()

    def _line(self, record: Record) -> str | None:
        if record["type"] == "start":
            self._label_width = max(len(label) for label in ["label", *record["labels"]])
            self._time_width = len(record.get("started_at", "")) or 12
            return self._row("onset", "offset", "label", "confidence")
        if record["type"] == "event":
            onset = record.get("onset_utc", _clock_time(record["onset"]))
            offset = record.get("offset_utc", _clock_time(record["offset"]))
            return self._row(onset, offset, record["label"], f"{record['confidence']:10.2f}")
        if record["type"] == "gap":
            return self._row(_clock_time(record["onset"]), _clock_time(record["offset"]), "(gap)", record["reason"])
        if record["type"] == "stats":
            total = sum(record["events"].values())
            return f"{total} event{'' if total == 1 else 's'} in {_clock_time(record['audio_seconds'])} of sound"
        return None

    def _row(self, onset: str, offset: str, label: str, last: str) -> str:
        width = self._time_width
        return f"{onset:>{width}}  {offset:>{width}}  {label:<{self._label_width}}  {last}"


def _clock_time(seconds: float) -> str:
    """Hours, minutes and seconds.

    >>> _clock_time(3725.25)
    '1:02:05.250'
    """
    milliseconds = round(seconds * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{milliseconds / 1000:06.3f}"
