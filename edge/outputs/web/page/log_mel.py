"""The spectrogram as the model sees the sound: its own log-mel where its card says how, a common one else.

It is computed from the sound beside the model, which does not give it away, and only while somebody looks. A column
stands for several hops of the frontend: it is the mean power of every fourth, which is a quarter of the work. Sound of
another rate than the model's is not resampled, which would cost most of all: its windows are about as long in seconds.
"""

import itertools
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.outputs.output import Sound
from edge.sources import Block

_COLUMN_SECONDS = 0.1
_EVERY = 4  # hops of the frontend
LOW_DB, STEP_DB = -90.0, 0.5  # what a byte of 0, and 1 more, stand for


class _Frontend(NamedTuple):
    sample_rate: int
    n_fft: int
    hop_length: int
    n_mels: int
    fmin: float
    fmax: float
    amin: float = 1e-8


class MelColumns:
    """Turns the sound of one source into columns of a spectrogram.

    Args:
        frontend: of the model's card.
        sample_rate: of the model, in Hz.

    Attributes:
        bands: values of a column.
        column_seconds: length of a column.
    """

    def __init__(self, frontend: Mapping[str, Any], sample_rate: int) -> None:
        common = _Frontend(sample_rate, 512, round(sample_rate / 80), 64, 50.0, sample_rate / 2)
        known = set(_Frontend._fields) <= set(frontend)
        self._config = _Frontend(**{name: frontend[name] for name in _Frontend._fields}) if known else common
        config = self._config
        self._frames = max(1, round(_COLUMN_SECONDS * sample_rate / (_EVERY * config.hop_length)))
        self.bands = config.n_mels
        self.column_seconds = self._frames * _EVERY * config.hop_length / sample_rate
        self._steps = _steps(config.amin)
        self.reset()

    def reset(self) -> None:
        """Begin anew with the next block: the one before it was left out."""
        self._sight: _Sight | None = None
        self._waiting = np.zeros(0, dtype=np.float32)
        self._waiting_begin = 0  # samples before it, since the first block
        self._done = 0  # columns since the first block
        self._begin_seconds = 0.0  # of the first block

    def push(self, sounds: Iterable[Sound]) -> list[tuple[float, NDArray[np.uint8]]]:
        """Take the next blocks and gaps of the source; many at once cost less.

        Returns:
            Where the first column begins, in seconds since the source began, and columns that follow each other:
            `[columns, bands]`, bytes of `STEP_DB` above `LOW_DB`.
        """
        done = []
        for form, alike in itertools.groupby(sounds, key=_form):
            pieces = list(alike)
            if form is None:
                self.reset()
                continue
            if self._sight is None or form[0] != self._sight.sample_rate:
                self.reset()
                self._sight = _sight(self._config, form[0], self._frames)
                self._begin_seconds = float(pieces[0].begin_seconds)
            monos = [_mono(piece.item.samples) for piece in pieces if isinstance(piece.item, Block)]
            self._waiting = np.concatenate([self._waiting, *monos])
            begin = self._begin_seconds + self._done * self.column_seconds
            columns = self._columns(self._sight)
            if len(columns):
                done.append((begin, columns))
        return done

    def _columns(self, sight: "_Sight") -> NDArray[np.uint8]:
        """All columns that are complete."""
        known = self._waiting_begin + len(self._waiting) - len(sight.window)
        count = int(known / sight.step) // self._frames - self._done
        if count <= 0:
            return np.zeros((0, self.bands), dtype=np.uint8)
        first, size = self._done * self._frames, len(sight.window)
        windows = np.empty((count * self._frames, size), dtype=np.float32)
        for number, row in enumerate(windows, start=first):
            begin = round(number * sight.step) - self._waiting_begin
            np.multiply(self._waiting[begin : begin + size], sight.window, out=row)
        spectra = np.fft.rfft(windows)[:, : len(sight.mel)].astype(np.complex64)
        parts = spectra.view(np.float32)  # real and imaginary ones in turns
        both = np.square(parts, out=parts).reshape(count, self._frames, -1).sum(axis=1)
        mean = (both[:, ::2] + both[:, 1::2]) @ sight.mel
        self._done += count
        used = round(self._done * self._frames * sight.step) - self._waiting_begin
        self._waiting, self._waiting_begin = self._waiting[used:], self._waiting_begin + used
        columns: NDArray[np.uint8] = self._steps.searchsorted(mean, "right").astype(np.uint8)
        return columns


class _Sight(NamedTuple):
    """How sound of one rate is seen as the model sees sound of its own: windows and hops are as long."""

    sample_rate: int
    step: float  # samples from one spectrum to the next
    window: NDArray[np.float32]
    mel: NDArray[np.float32]  # [bins, bands], over the spectra of a column; higher bins are in no band


def _sight(config: _Frontend, sample_rate: int, spectra: int) -> _Sight:
    ratio = sample_rate / config.sample_rate
    size = _fast_size(round(config.n_fft * ratio))
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)) * config.n_fft / size
    highest = min(config.fmax, sample_rate / 2)
    mel = mel_filters(sample_rate, size, config.n_mels, min(config.fmin, highest / 2), highest)
    step = _EVERY * config.hop_length * ratio
    bins = int(np.flatnonzero(mel.any(axis=1))[-1]) + 1
    return _Sight(sample_rate, step, window.astype(np.float32), mel[:bins] / np.float32(spectra))


def _steps(least: float) -> NDArray[np.float32]:
    """The powers from which a byte of a column is 1, 2 and so on; what is below the least power counts as that."""
    between = LOW_DB + STEP_DB * (np.arange(255) + 0.5)
    return np.where(between < 10.0 * np.log10(least), 0.0, 10.0 ** (between / 10.0)).astype(np.float32)


def _fast_size(least: int) -> int:
    """The next length of which a spectrum is computed fast: even, with no prime factor above 5."""
    size = least + least % 2
    while True:
        rest = size
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return size
        size += 2


def _mono(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean of all channels of `[samples, channels]`."""
    channels = samples.shape[1]
    return samples[:, 0] if channels == 1 else samples @ np.full(channels, 1 / channels, dtype=np.float32)


def _form(sound: Sound) -> tuple[int, int] | None:
    """What blocks must have in common to be joined; None of a gap."""
    block = sound.item
    return (block.sample_rate, block.samples.shape[1]) if isinstance(block, Block) else None


def mel_filters(sample_rate: int, n_fft: int, n_mels: int, fmin: float, fmax: float) -> NDArray[np.float32]:
    """Triangles on Slaney's mel scale, each of area 1: `[bins, bands]`, as librosa makes them."""
    edges = _hz(np.linspace(_mel(fmin), _mel(fmax), n_mels + 2))
    bins = np.fft.rfftfreq(n_fft, 1 / sample_rate)[:, None]
    rising = (bins - edges[:-2]) / np.diff(edges)[:-1]
    falling = (edges[2:] - bins) / np.diff(edges)[1:]
    filters: NDArray[np.float64] = np.maximum(0.0, np.minimum(rising, falling)) * 2.0 / (edges[2:] - edges[:-2])
    return filters.astype(np.float32)


# Slaney's scale is linear up to 1 kHz, which is mel 15, and logarithmic above.
_LINEAR_HZ, _LINEAR_MEL, _LOG_STEP = 200.0 / 3.0, 15.0, np.log(6.4) / 27.0


def _mel(hz: float) -> float:
    linear = hz / _LINEAR_HZ
    return linear if linear < _LINEAR_MEL else _LINEAR_MEL + float(np.log(hz / 1000.0)) / _LOG_STEP


def _hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    hz: NDArray[np.float64] = np.where(
        mel < _LINEAR_MEL, mel * _LINEAR_HZ, 1000.0 * np.exp(_LOG_STEP * (mel - _LINEAR_MEL))
    )
    return hz
