"""Finds where in a weakly labelled clip something sounds: from the level, for labels without onset and offset.

    level   ▁▁▁▁▆█▇▅▁▁▁▁▁▁▇█▆▁▁   in frames of 20 ms
    spans       [---)     [--)    within 30 dB of the loudest frame, 10 dB above the noise floor

The noise floor is the 10th percentile of the level, without digital silence. Rain and engines are continuous: they
have no quiet part, and are active wherever the clip is not digital silence. A clip is taken for continuous if its
level nowhere stays far above the noise floor for as long as the shortest span.
"""

from typing import Protocol

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from sed.data.spans import merge_spans, runs

_FRAME_SECONDS = 0.02
_BLOCK_FRAMES = 500  # read at once: a recording may not fit in memory
_BELOW_LOUDEST_DB, _ABOVE_FLOOR_DB = 30.0, 10.0
_SILENCE_DB = -100.0
_CONTINUOUS_DB = 25.0  # chosen on ESC-10, where it agrees best with which classes are continuous
_GAP_SECONDS, _SHORTEST_SECONDS = 0.3, 0.08


class Samples(Protocol):
    """Samples that can be read in parts: an array, or samples stored on disk."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> NDArray[np.float32]: ...


def active_spans(audio: Samples, sample_rate: int) -> tuple[tuple[int, int], ...]:
    """Find the spans of a clip in which something sounds.

    Args:
        audio: `[samples]`.
        sample_rate: Hz.

    Returns:
        (onset, offset) of each, in samples, in order; empty if nothing sounds for 80 ms.
    """
    frame_samples = round(_FRAME_SECONDS * sample_rate)
    levels = _levels_db(audio, frame_samples)
    active = levels > _SILENCE_DB
    if not active.any():
        return ()
    floor = np.percentile(levels[active], 10)
    gap = round(_GAP_SECONDS / _FRAME_SECONDS)
    shortest = min(round(_SHORTEST_SECONDS / _FRAME_SECONDS), len(levels))  # a clip may be shorter
    if _sustained(levels, shortest) >= floor + _CONTINUOUS_DB:
        active = levels >= max(levels.max() - _BELOW_LOUDEST_DB, floor + _ABOVE_FLOOR_DB)
    spans = [(on, off) for on, off in merge_spans(runs(active), gap) if off - on >= shortest]
    return tuple((on * frame_samples, min(off * frame_samples, len(audio))) for on, off in spans)


def _levels_db(audio: Samples, frame_samples: int) -> NDArray[np.float64]:
    """Mean power of each frame in dB; the last frame may be shorter."""
    levels = []
    for begin in range(0, len(audio), _BLOCK_FRAMES * frame_samples):
        squares = np.square(audio[begin : begin + _BLOCK_FRAMES * frame_samples], dtype=np.float64)
        starts = np.arange(0, len(squares), frame_samples)
        levels.append(np.add.reduceat(squares, starts) / np.diff(starts, append=len(squares)))
    return 10 * np.log10(np.maximum(np.concatenate([np.zeros(0), *levels]), 1e-12))


def _sustained(levels: NDArray[np.float64], frames: int) -> float:
    """The highest level that lasts for so many frames: a single click is not a sound."""
    return float(sliding_window_view(levels, min(frames, len(levels))).min(axis=1).max())
