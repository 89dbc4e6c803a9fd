"""Sinks for records: several sinks at once, memory, text streams. `file_sink` has the one for files."""

import logging
from collections.abc import Sequence
from typing import Protocol, TextIO

from edge.log.formats import json_line
from edge.log.records import Record

_log = logging.getLogger(__name__)


class Sink(Protocol):
    """Receives records, in order."""

    def write(self, record: Record) -> None:
        """Write one record, and flush it."""


class FanOut:
    """Hands each record to several sinks, in order. A sink that fails is dropped with a warning while another works.

    Args:
        sinks: first those that must have a record before the others show it.
    """

    def __init__(self, sinks: Sequence[Sink]) -> None:
        self._sinks = list(sinks)

    def write(self, record: Record) -> None:
        """See `Sink.write`.

        Raises:
            BrokenPipeError: if the reader of a pipe has closed it.
            OSError: from the last sink.
        """
        for sink in tuple(self._sinks):
            try:
                sink.write(record)
            except BrokenPipeError:
                raise
            except OSError as exc:
                if len(self._sinks) == 1:
                    raise
                self._sinks.remove(sink)
                why = exc.strerror or exc
                _log.warning("%s: one output of the log failed; it continues in the others", why)


class MemorySink:
    """Keeps the records in memory."""

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
        self._stream.write(json_line(record))
        self._stream.flush()


class TextSink:
    """A table for people: events, gaps, states of the sources, and a summary.

    Args:
        stream: to write to.
        sources: names of the log's sources; if there are several, each row names its source.
    """

    def __init__(self, stream: TextIO, sources: Sequence[str] = ()) -> None:
        self._stream = stream
        self._source_width = max(map(len, ("source", *sources))) if len(sources) > 1 else 0
        self._label_width = self._time_width = 0

    def write(self, record: Record) -> None:
        """See `Sink.write`."""
        line = self._line(record)
        if line is not None:
            self._stream.write(line + "\n")
            self._stream.flush()

    def _line(self, record: Record) -> str | None:
        source = record["source"]
        match record["type"]:
            case "start" if self._label_width == 0:  # one header for all sources: they share a model
                self._label_width = max(map(len, ("label", *record["labels"])))
                self._time_width = len(record.get("started_at", "")) or 12
                return self._row("source", "onset", "offset", "label", "confidence")
            case "event":
                return self._row(source, *_times(record), record["label"], f"{record['confidence']:10.2f}")
            case "onset":
                return self._row(source, *_times(record), record["label"], "(begins)")
            case "gap":
                return self._row(source, *_times(record), "(gap)", record["reason"])
            case "source":
                return self._row(source, record.get("at_utc", ""), "", f"({record['state']})", record["detail"])
            case "stats":
                total = sum(record["events"].values())
                sound = f"{total} event{'' if total == 1 else 's'} in {_clock_time(record['audio_seconds'])} of sound"
                return f"{source}: {sound}" if self._source_width else sound
        return None

    def _row(self, source: str, onset: str, offset: str, label: str, last: str) -> str:
        width = self._time_width
        whose = f"{source:<{self._source_width}}  " if self._source_width else ""
        return f"{whose}{onset:>{width}}  {offset:>{width}}  {label:<{self._label_width}}  {last}"


def _times(record: Record) -> tuple[str, str]:
    """Onset and offset, as times of day if known, else since the source began; empty if the record has none."""
    onset, offset = (
        record.get(f"{edge}_utc", _clock_time(record[edge])) if edge in record else "" for edge in ("onset", "offset")
    )
    return onset, offset


def _clock_time(seconds: float) -> str:
    """Hours, minutes and seconds.

    >>> _clock_time(3725.25)
    '1:02:05.250'
    """
    milliseconds = round(seconds * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{milliseconds / 1000:06.3f}"
