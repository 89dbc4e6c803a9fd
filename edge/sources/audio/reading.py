"""A file as the model hears it: mono, at one rate."""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.sources.audio.file import AudioFile
from edge.sources.audio.resampler import Resampler


def mono_blocks(file: AudioFile, sample_rate: int) -> Iterator[NDArray[np.float32]]:
    """What a file holds, mixed down to `[samples]` at one rate, whatever its rate and channels change to on the way.

    Raises:
        SourceError: if nothing more can be read.
    """
    resampler, input_rate = None, 0
    for piece in file.pieces():
        if resampler is None or piece.sample_rate != input_rate:
            if resampler is not None:
                yield resampler.flush()
            resampler, input_rate = Resampler(piece.sample_rate, sample_rate), piece.sample_rate
        yield resampler.push(piece.samples)
    if resampler is not None:
        yield resampler.flush()


def read_audio(path: Path, sample_rate: int, seconds: float = math.inf) -> NDArray[np.float32]:
    """Read a file as mono at `sample_rate`, whole or its first `seconds`.

    Returns:
        `[samples]`, in [-1, 1].

    Raises:
        SourceError: if it cannot be opened or read.
    """
    wanted = seconds if math.isinf(seconds) else round(seconds * sample_rate)
    blocks = [np.zeros(0, dtype=np.float32)]
    with AudioFile(path) as file:
        for block in mono_blocks(file, sample_rate):
            blocks.append(block)
            wanted -= len(block)
            if wanted <= 0:
                break
    audio = np.concatenate(blocks)
    return audio if math.isinf(seconds) else audio[: round(seconds * sample_rate)]
