"""When a recording began, as its recorder wrote it: in the file's name, or within the file.

chunks      what stands in a WAVE file beside its sound
folder      the recordings of a folder, in order of time
metadata    the time that is written within a file: GUANO, AudioMoth's comment, bext
names       the time that is written in a file's name
starting    which of these times is used, and warnings about it
zones       what a time of day without a zone means
"""

from edge.sources.recorders.folder import recordings_in
from edge.sources.recorders.metadata import time_in_metadata
from edge.sources.recorders.names import time_in_name
from edge.sources.recorders.starting import HOW, LAST_YEAR, Start, start_times, written_start
from edge.sources.recorders.zones import Written, Zone

__all__ = [
    "HOW",
    "LAST_YEAR",
    "Start",
    "Written",
    "Zone",
    "recordings_in",
    "start_times",
    "time_in_metadata",
    "time_in_name",
    "written_start",
]
