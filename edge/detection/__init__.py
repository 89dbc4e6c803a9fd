"""From frame scores to events.

alarm_rate      false alarms an hour, and how many other sounds may give
decoder         frame scores -> events
events          events, onsets and frame edges
event_stream    the blocks and gaps of one source -> events
occasions       false alarms that come together, and how many the next hours may bring
quiet_thresholds    thresholds for one place, from the false alarms of its quiet hours
"""

from edge.detection.alarm_rate import AlarmRate, alarm_rate, describe_rate, parse_rate, poisson_bound, rate_bound
from edge.detection.decoder import Decoder
from edge.detection.event_stream import EventStream, FrameScores
from edge.detection.events import Event, Onset, frame_edge
from edge.detection.occasions import QuietEvent, next_alarms
from edge.detection.quiet_thresholds import QuietThresholds, raise_thresholds

__all__ = [
    "AlarmRate",
    "Decoder",
    "Event",
    "EventStream",
    "FrameScores",
    "Onset",
    "QuietEvent",
    "QuietThresholds",
    "alarm_rate",
    "describe_rate",
    "frame_edge",
    "next_alarms",
    "parse_rate",
    "poisson_bound",
    "raise_thresholds",
    "rate_bound",
]
