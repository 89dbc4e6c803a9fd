"""Another model for a run that goes on: read and checked again, and handed to each source."""

from collections.abc import Callable
from typing import NamedTuple

from edge.detection import Decoder
from edge.errors import SettingError
from edge.model import Card, StepModel, Window


class Successor(NamedTuple):
    """A model that is to take over.

    Attributes:
        model: runs the steps.
        make_decoder: called for each source.
        sha256: of its file.
    """

    model: StepModel
    make_decoder: Callable[[], Decoder]
    sha256: str


class Succession:
    """The newest model of a run. One thread sets it, those of the sources read it.

    Attributes:
        newest: the model that is to take over; None while it is the one that the run began with.
    """

    def __init__(self) -> None:
        self.newest: Successor | None = None


def require_same_frames(before: Card, after: Card, window: Window, new_window: Window) -> None:
    """Check that a model can take over from another one while sources are heard.

    Raises:
        SettingError: if it has other labels, or hears in other frames.
    """
    if before.labels != after.labels:
        raise SettingError(f"{after.model_id} has other labels than {before.model_id}; restart sed-stream for it")
    for name in ("sample_rate", "frame_samples", "context_samples"):
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            raise SettingError(
                f"{after.model_id} has a {name} of {new}, {before.model_id} has {old}; restart sed-stream for it"
            )
    if window != new_window:
        raise SettingError(
            f"{after.model_id} has {new_window}, {before.model_id} has {window}; restart sed-stream for it"
        )
