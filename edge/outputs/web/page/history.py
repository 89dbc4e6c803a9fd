"""The newest frame scores of a source, as long as they are kept."""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.detection import FrameScores
from edge.model import Floats


class Frames(NamedTuple):
    """Consecutive frames.

    Attributes:
        first_frame: number of the first one, counted from the beginning of the source.
        scores: `[frames, classes]`; 0 where there are none.
        lost: `[frames]`, True where the sound of a frame was lost.
    """

    first_frame: int
    scores: Floats
    lost: NDArray[np.bool_]


class ScoreHistory:
    """The scores of one source.

    Args:
        classes: of the model.
        most_frames: that are kept.
    """

    def __init__(self, classes: int, most_frames: int) -> None:
        self._classes, self._most_frames = classes, most_frames
        self._pushes: deque[FrameScores] = deque()
        self.end_frame = 0  # of all frames so far

    @property
    def first_frame(self) -> int:
        """The oldest frame that is kept."""
        return self._pushes[0].first_frame if self._pushes else self.end_frame

    def add(self, push: FrameScores) -> None:
        """Take the next frames, and forget the oldest."""
        self._pushes.append(push)
        self.end_frame = push.first_frame + len(push.scores)
        while _end(self._pushes[0]) <= self.end_frame - self._most_frames:
            self._pushes.popleft()

    def between(self, first: int, end: int) -> Frames:
        """Those from `first` to `end`, as far as they are kept; frames that never came count as lost."""
        first, end = max(first, self.first_frame), min(end, self.end_frame)
        count = max(0, end - first)
        scores, lost = np.zeros((count, self._classes), dtype=np.float32), np.ones(count, dtype=bool)
        for push in reversed(self._pushes):
            begin, stop = max(first, push.first_frame), min(end, _end(push))
            if _end(push) <= first:
                break
            if begin < stop:
                taken = slice(begin - push.first_frame, stop - push.first_frame)
                scores[begin - first : stop - first] = push.scores[taken]
                lost[begin - first : stop - first] = push.lost[taken]
        return Frames(first, scores, lost)


def joined(pushes: Sequence[FrameScores]) -> FrameScores:
    """One push of consecutive ones."""
    if len(pushes) == 1:
        return pushes[0]
    return FrameScores(
        pushes[0].first_frame,
        np.concatenate([push.scores for push in pushes]),
        np.concatenate([push.lost for push in pushes]),
    )


def _end(push: FrameScores) -> int:
    return push.first_frame + len(push.scores)
