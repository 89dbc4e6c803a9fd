"""What the decoder reports at every threshold, computed for all frames at once.

As `on` rises, and `off` with it in proportion, the decoder reports less and less: spans only shrink, a gap that was
closed opens, an event becomes too short; what a higher threshold reports is also reported at a lower one. So one number
for each frame, the highest threshold at which it is reported, is enough for any threshold, and metrics that sweep a
threshold are computed with the rules of the runtime's decoder.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from edge.model import ClassDecoding

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.int64]

LEVELS = 1 / (1 + np.exp(-np.arange(-7.0, 7.001, 0.1)))  # thresholds of the sweep, a tenth of a logit apart


def median_filtered(scores: Floats, median_frames: Sequence[int]) -> Floats:
    """Scores after each class's median filter, as in the decoder: padded by zeros at both ends.

    Args:
        scores: `[frames, classes]`.
        median_frames: filter length of each class, odd.
    """
    columns = []
    for column, length in zip(scores.T, median_frames, strict=True):
        padded = np.pad(column, length // 2)
        columns.append(np.median(sliding_window_view(padded, length), axis=1))
    return np.stack(columns, axis=1)


def hysteresis_spans(smooth: Floats, on: float, off: float) -> Ints:
    """Find the spans of scores at `off` or above, each from its first frame at `on` or above.

    Args:
        smooth: `[frames]` of one class, as `median_filtered` returns them, in float64.
        on: threshold.
        off: threshold, not above `on`.

    Returns:
        `[spans, 2]`, frames.
    """
    held = np.concatenate([[False], smooth >= off, [False]])
    begins, ends = np.flatnonzero(held[1:] != held[:-1]).reshape(-1, 2).T
    starts = np.append(np.flatnonzero(smooth >= on), len(smooth))
    first = starts[np.searchsorted(starts, begins)]
    return np.stack([first, ends], axis=1)[first < ends]


def merge_and_drop(found: Ints, merge_frames: int, shortest_frames: int) -> Ints:
    """Merge spans that are close, then drop short ones: `[spans, 2] -> [events, 2]`, frames."""
    if len(found) == 0:
        return found
    apart = np.flatnonzero(found[1:, 0] - found[:-1, 1] > merge_frames)
    onsets, offsets = found[np.append(0, apart + 1), 0], found[np.append(apart, len(found) - 1), 1]
    long = offsets - onsets >= shortest_frames
    return np.stack([onsets, offsets], axis=1)[long]


def highest_thresholds(scores: Floats, decoding: Sequence[ClassDecoding]) -> Floats:
    """The highest of `LEVELS` at which the decoder reports each frame; 0 if none does.

    Args:
        scores: `[frames, classes]`, probabilities.
        decoding: of each class; `off` keeps its ratio to `on`.
    """
    smooth = median_filtered(scores, [settings.median_frames for settings in decoding]).astype(np.float64)
    highest = np.zeros(smooth.shape)
    for column, settings in enumerate(decoding):
        share = settings.off / settings.on
        for level in LEVELS[LEVELS <= smooth[:, column].max(initial=0.0)]:
            found = hysteresis_spans(smooth[:, column], level, level * share)
            for onset, offset in merge_and_drop(found, settings.merge_frames, settings.shortest_frames):
                highest[onset:offset, column] = level
    return highest
