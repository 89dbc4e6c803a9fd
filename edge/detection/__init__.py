"""From frame scores to events.

decoder     scores -> events
events      events, onsets and frame edges
listener    what comes from one source -> events
"""

from edge.detection.decoder import Decoder
from edge.detection.events import Event, Onset, frame_edge
from edge.detection.listener import Listener, Scores

__all__ = ["Decoder", "Event", "Listener", "Onset", "Scores", "frame_edge"]
