"""A source and a model at work: a thread for each source, a process or several, one log for all of them.

hop_control    widens the hop of a live source while inference cannot keep up
part           a part of the sources, heard by a process of its own
processes      the sources of a run, spread over several processes
quiet_hours    the events and false alarms of hours in which nothing was to be reported
replay         kept scores -> the log again
reporter       the items of one source -> records
runtime        connects sources, model, decoders and log
stats          the figures of `stats` records
succession     another model for a run that goes on
worker         one source, in a thread of its own
"""

from edge.session.part import Part
from edge.session.processes import Processes
from edge.session.quiet_hours import (
    Stretch,
    events_of,
    false_alarms,
    hours_of,
    read_right_events,
    read_stretches,
)
from edge.session.replay import replay_scores
from edge.session.runtime import listen
from edge.session.succession import Succession, Successor, require_same_frames

__all__ = [
    "Part",
    "Processes",
    "Stretch",
    "Succession",
    "Successor",
    "events_of",
    "false_alarms",
    "hours_of",
    "listen",
    "read_right_events",
    "read_stretches",
    "replay_scores",
    "require_same_frames",
]
