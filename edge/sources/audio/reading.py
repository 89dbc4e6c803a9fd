"""A file as the model hears it: mono, at one rate."""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from edge.sources.audio.file import AudioFile

_GREATEST_SAMPLE = 1e6


class Resampler:
    """Mixes channels down and resamples, piece by piece: the output does not depend on the pieces.

    Args:
        input_rate: Hz.
        output_rate: Hz.
    """

    def __init__(self, input_rate: int, output_rate: int) -> None:
        self._rates = (input_rate, output_rate)
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._stream = None
        if self._rates[0] != self._rates[1]:
            self._stream = soxr.ResampleStream(*self._rates, 1, dtype="float32", quality="HQ")

    def push(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take `[samples, channels]` at the input rate, return `[samples]` at the output rate, within [-1, 1].

        What is no number, or far beyond full scale, is damage, and heard as silence: it would spoil what is near it.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            mono = _mean_of_channels(block)
        return self._resample(np.where(np.abs(mono) < _GREATEST_SAMPLE, mono, np.float32(0.0)), last=False)

    def flush(self) -> NDArray[np.float32]:
        """Return what is still inside, then reset."""
        rest = self._resample(np.zeros(0, dtype=np.float32), last=True)
        self.reset()
        return rest

    def _resample(self, mono: NDArray[np.float32], last: bool) -> NDArray[np.float32]:
        resampled = mono if self._stream is None else self._stream.resample_chunk(mono, last=last)
        return np.clip(resampled, -1.0, 1.0)


def _mean_of_channels(block: NDArray[np.float32]) -> NDArray[np.float32]:
    """`[samples, channels]` -> `[samples]`, channel by channel: numpy's mean is slow over an axis of two."""
    channels = block.shape[1]
    if channels == 1:
        return block[:, 0]
    total = block[:, 0] + block[:, 1]
    for channel in range(2, channels):
        total += block[:, channel]
    total /= np.float32(channels)
    return total


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
