"""Events, their onsets, and the edges of frames.

Frame k owns the samples `[k * P, (k + 1) * P)`: T frames have T + 1 edges, and times are always edges, never centres.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Event:
    """A detected sound event, on the frame grid of its source.

    Attributes:
        label: event label.
        onset_frame: its first frame.
        offset_frame: the frame after its last.
        confidence: peak of the smoothed score within the event.
        closed_by: `silence` if the score fell, `end` if the source ended first, `gap` if its sound was lost.
    """

    label: str
    onset_frame: int
    offset_frame: int
    confidence: float
    closed_by: str


@dataclass(frozen=True, kw_only=True)
class Onset:
    """The onset of an event that still goes on, and that will be reported with this label and first frame.

    Attributes:
        label: event label.
        onset_frame: its first frame.
    """

    label: str
    onset_frame: int


def frame_edge(frame: int, frame_samples: int) -> int:
    """The sample at which a frame begins, and the previous frame ends.

    >>> frame_edge(3, 800)
    2400
    """
    return frame * frame_samples
