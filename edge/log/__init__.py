"""The event log: its records, their formats, and the files and streams that they are written to.

event_writer    numbers events and writes them to the log
file_sink       writes records to a file, and keeps them in memory while the disk is full
formats         records as lines of a file: JSON Lines, CSV, Raven, Audacity, DESED
line_file       one open file of lines: repaired after a crash, rotated
reading         reads the records of a log back
records         the records of the event log
scores          frame scores kept without sound, in files of their own
shared_log      one log that several sources write to
sinks           the other sinks: several at once, memory, JSON Lines and text on a stream
timeline        samples as seconds and as times of day
whole_file      a file that is there whole or not at all
"""

from edge.log.event_writer import EventWriter
from edge.log.file_sink import FileSink, open_files
from edge.log.formats import JsonLines, format_of, json_lines_file
from edge.log.line_file import LineFile, Rotation
from edge.log.reading import read_log
from edge.log.records import (
    Record,
    event_record,
    gap_record,
    model_record,
    source_record,
    start_record,
    stop_record,
)
from edge.log.shared_log import Log
from edge.log.sinks import FanOut, JsonLinesSink, Sink, TextSink
from edge.log.timeline import Timeline, rfc3339
from edge.log.whole_file import whole_file

__all__ = [
    "EventWriter",
    "FanOut",
    "FileSink",
    "JsonLines",
    "JsonLinesSink",
    "LineFile",
    "Log",
    "Record",
    "Rotation",
    "Sink",
    "TextSink",
    "Timeline",
    "event_record",
    "format_of",
    "gap_record",
    "json_lines_file",
    "model_record",
    "open_files",
    "read_log",
    "rfc3339",
    "source_record",
    "start_record",
    "stop_record",
    "whole_file",
]
