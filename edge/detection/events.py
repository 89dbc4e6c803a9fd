"""Events, their onsets, and where frames begin and end.

Frame k owns the samples `[k * P, (k + 1) * P)`: T frames have T + 1 edges and no centres.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that was heard, on the frame grid of its source.

    Attributes:
        label: event label.
        onset_frame: its first frame.
        offset_frame: the frame after its last.
        confidence: peak of the smoothed score within the event.
        closed_by: `silence` where the score fell, `end` where the source ended first, `gap` where it was lost.
    """

    label: str
    onset_frame: int
    offset_frame: int
    confidence: float
    closed_by: str


@dataclass(frozen=True, kw_only=True)
class Onset:
    """The beginning of an event that goes on: it will be reported, with this label and this first frame.

    Attributes:
        label: event label.
        onset_frame: its first frame.
    """

    label: str
    onset_frame: int


def frame_edge(frame: int, frame_samples: int) -> int:
    """The sample at which a frame begins, and the one before it ends.

    >>> frame_edge(3, 800)
    2400
    """
    return frame * frame_samples
