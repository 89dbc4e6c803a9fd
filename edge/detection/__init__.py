"""From frame scores to events.

decoder         frame scores -> events
events          events, onsets and frame edges
event_stream    the blocks and gaps of one source -> events
"""

from edge.detection.decoder import Decoder
from edge.detection.event_stream import EventStream, FrameScores
from edge.detection.events import Event, Onset, frame_edge

__all__ = ["Decoder", "Event", "EventStream", "FrameScores", "Onset", "frame_edge"]
