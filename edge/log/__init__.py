"""The event log: its records, their formats, and the files and streams that they are written to.

event_writer    events into the log, under its numbers
files           records into files, whatever becomes of the disk
formats         records as lines that other programs read
line_file       a file of lines, open: mended, rotated
records         the lines of the event log
shared_log      one log of several sources
sinks           where else they go: several places at once, stdout
timeline        samples as seconds and as times of day
"""

from edge.log.event_writer import EventWriter
from edge.log.files import open_files
from edge.log.line_file import Rotation
from edge.log.records import Record, event_record, gap_record, source_record, start_record, stop_record
from edge.log.shared_log import Log
from edge.log.sinks import FanOut, JsonLinesSink, Sink, TextSink
from edge.log.timeline import LAST_YEAR, Timeline, rfc3339

__all__ = [
    "LAST_YEAR",
    "EventWriter",
    "FanOut",
    "JsonLinesSink",
    "Log",
    "Record",
    "Rotation",
    "Sink",
    "TextSink",
    "Timeline",
    "event_record",
    "gap_record",
    "open_files",
    "rfc3339",
    "source_record",
    "start_record",
    "stop_record",
]
