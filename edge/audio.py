"""Decoding and resampling, the same for training and for the device.

PyAV (FFmpeg) reads whatever container and codec comes, soxr brings it to the model's rate.
"""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import av
import numpy as np
import soxr
from numpy.typing import NDArray

from edge.errors import SourceError

_log = logging.getLogger(__name__)


class AudioFile:
    """A file, or what comes on stdin, decoded block by block.

    What cannot be decoded is left out, and a warning says so once the rest has been read.

    Args:
        path: of the file; None for stdin.

    Raises:
        SourceError: if it is missing, is a folder, is empty, or holds no audio that FFmpeg knows.
    """

    def __init__(self, path: Path | None) -> None:
        self._name = "stdin" if path is None else str(path)
        if path is not None:
            _check_path(path)
        try:
            self._container = av.open("pipe:0" if path is None else str(path), mode="r")
        except (av.error.FFmpegError, OSError) as exc:
            raise SourceError(self._no_audio) from exc
        # Some formats are known by the file's name alone, and then have no rate.
        if not self._container.streams.audio or not self._container.streams.audio[0].rate:
            self._container.close()
            raise SourceError(self._no_audio)
        self._stream = self._container.streams.audio[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    @property
    def _no_audio(self) -> str:
        return (
            f"{self._name}: holds no audio that can be decoded; expected WAV, FLAC, Ogg, MP3, M4A or another container"
        )

    @property
    def sample_rate(self) -> int:
        """Hz."""
        return self._stream.rate

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """Decoded audio, `[samples, channels]`, as it comes.

        Raises:
            SourceError: if the sample rate or the channels change on the way.
        """
        to_float = av.AudioResampler(format="flt")
        samples, damaged = 0, False
        for packet in self._container.demux(self._stream):
            damaged |= packet.is_corrupt
            try:
                frames = packet.decode()
            except av.error.InvalidDataError:
                damaged = True
                continue
            for frame in frames:
                if frame.rate != self.sample_rate or frame.layout.nb_channels != self._stream.channels:
                    raise SourceError(
                        f"{self._name}: its format changes after {samples / self.sample_rate:.2f} s to "
                        f"{frame.rate} Hz, {frame.layout.nb_channels} channels; split it there"
                    )
                samples += frame.samples
                for converted in to_float.resample(frame):
                    samples_by_channel = converted.to_ndarray().reshape(-1, self._stream.channels)
                    yield samples_by_channel.astype(np.float32, copy=False)
        self._report(samples, damaged)

    def _report(self, samples: int, damaged: bool) -> None:
        heard = samples / self.sample_rate
        declared = 0.0
        if self._stream.duration is not None and self._stream.time_base is not None:
            declared = float(self._stream.duration * self._stream.time_base)
        if damaged or declared - heard > _DECLARED_TOLERANCE_SECONDS:
            _log.warning("%s: is damaged or cut short; %.3f s of it could be heard", self._name, heard)


# Headers of some formats round the length, or count the encoder's padding.
_DECLARED_TOLERANCE_SECONDS = 0.5


def _check_path(path: Path) -> None:
    if path.is_dir():
        raise SourceError(f"{path}: is a folder; give one audio file")
    if not path.exists():
        raise SourceError(f"{path}: no such file; give the path of an audio file, or - for stdin")
    if path.is_file() and path.stat().st_size == 0:
        raise SourceError(f"{path}: is empty; give a file with sound in it")


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
        """Take `[samples, channels]` at the input rate, return `[samples]` at the output rate."""
        return self._resample(block.mean(axis=1, dtype=np.float32), last=False)

    def flush(self) -> NDArray[np.float32]:
        """Return what is still inside, then reset."""
        rest = self._resample(np.zeros(0, dtype=np.float32), last=True)
        self.reset()
        return rest

    def _resample(self, mono: NDArray[np.float32], last: bool) -> NDArray[np.float32]:
        if self._stream is None:
            return mono
        resampled: NDArray[np.float32] = self._stream.resample_chunk(mono, last=last)
        return resampled


def read_audio(path: Path, sample_rate: int) -> NDArray[np.float32]:
    """Read a whole file as mono at `sample_rate`.

    Returns:
        `[samples]`, in [-1, 1].

    Raises:
        SourceError: if it cannot be opened.
    """
    with AudioFile(path) as file:
        resampler = Resampler(file.sample_rate, sample_rate)
        pieces = [resampler.push(block) for block in file.blocks()]
    return np.concatenate([*pieces, resampler.flush()])
