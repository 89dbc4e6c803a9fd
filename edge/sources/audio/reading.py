"""A whole file at once."""

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.sources.audio.file import AudioFile
from edge.sources.audio.resampler import Resampler


def read_audio(path: Path, sample_rate: int, seconds: float = math.inf) -> NDArray[np.float32]:
    """Read a file as mono at `sample_rate`, whole or its first `seconds`.

    Returns:
        `[samples]`, in [-1, 1].

    Raises:
        SourceError: if it cannot be opened or read.
    """
    with AudioFile(path) as file:
        resampler = Resampler(file.sample_rate, sample_rate)
        pieces, wanted = [], seconds * file.sample_rate
        for piece in file.pieces():
            pieces.append(resampler.push(piece.samples))
            wanted -= len(piece.samples)
            if wanted <= 0:
                break
    audio = np.concatenate([*pieces, resampler.flush()])
    return audio if math.isinf(seconds) else audio[: round(seconds * sample_rate)]
