"""Where in a clip something sounds, for clips whose labels come without borders.

    level   ▁▁▁▁▆█▇▅▁▁▁▁▁▁▇█▆▁▁   in frames of 20 ms
    pieces      [---)     [--)    within 30 dB of the loudest frame, 10 dB above the quiet floor

The floor is the level that a tenth of the clip, digital silence left out, does not exceed. Rain and engines have no
quiet floor: they sound wherever the clip is not digital silence. Nobody says which sounds are of that kind; it shows
in the levels, which then nowhere rise far above that tenth for as long as the shortest piece.
"""

from typing import Protocol

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from sed.data.spans import joined, runs

_FRAME_SECONDS = 0.02
_BLOCK_FRAMES = 500  # read at once: a recording may be longer than memory
_BELOW_LOUDEST_DB, _ABOVE_FLOOR_DB = 30.0, 10.0
_SILENCE_DB = -100.0
_CONTINUOUS_DB = 25.0  # chosen on ESC-10, where it agrees best with what is known of each class
_GAP_SECONDS, _SHORTEST_SECONDS = 0.3, 0.08


class Sound(Protocol):
    """Samples that can be read piece by piece: an array, or what is stored on disk."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> NDArray[np.float32]: ...


def sounding(audio: Sound, sample_rate: int) -> tuple[tuple[int, int], ...]:
    """Find the pieces of a clip in which something sounds.

    Args:
        audio: `[samples]`.
        sample_rate: Hz.

    Returns:
        (onset, offset) of each, in samples, in order; none where nothing sounds for 80 ms.
    """
    frame_samples = round(_FRAME_SECONDS * sample_rate)
    levels = _levels_db(audio, frame_samples)
    heard = levels > _SILENCE_DB
    if not heard.any():
        return ()
    floor = np.percentile(levels[heard], 10)
    gap = round(_GAP_SECONDS / _FRAME_SECONDS)
    shortest = min(round(_SHORTEST_SECONDS / _FRAME_SECONDS), len(levels))  # a clip may be shorter
    if _sustained(levels, shortest) >= floor + _CONTINUOUS_DB:
        heard = levels >= max(levels.max() - _BELOW_LOUDEST_DB, floor + _ABOVE_FLOOR_DB)
    pieces = [(on, off) for on, off in joined(runs(heard), gap) if off - on >= shortest]
    return tuple((on * frame_samples, min(off * frame_samples, len(audio))) for on, off in pieces)


def _levels_db(audio: Sound, frame_samples: int) -> NDArray[np.float64]:
    """Mean power of each frame, the last one as far as it goes."""
    levels = []
    for begin in range(0, len(audio), _BLOCK_FRAMES * frame_samples):
        squares = np.square(audio[begin : begin + _BLOCK_FRAMES * frame_samples], dtype=np.float64)
        starts = np.arange(0, len(squares), frame_samples)
        levels.append(np.add.reduceat(squares, starts) / np.diff(starts, append=len(squares)))
    return 10 * np.log10(np.maximum(np.concatenate([np.zeros(0), *levels]), 1e-12))


def _sustained(levels: NDArray[np.float64], frames: int) -> float:
    """The greatest level that is held for so many frames: a single click is no sound."""
    return float(sliding_window_view(levels, min(frames, len(levels))).min(axis=1).max())
