"""The spectrogram as the model sees the sound: its own log-mel where its card says how, a common one else.

It is computed from the sound beside the model, which does not give it away, and only while somebody looks. A column
stands for several hops of the frontend: it is their mean power, of every second hop, which is half of the work.
"""

import itertools
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.outputs.output import Sound
from edge.sources import Block, Resampler

_COLUMN_SECONDS = 0.1
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
        known = set(_Frontend._fields) - {"amin"} <= set(frontend)
        self._config = _Frontend(**{name: frontend[name] for name in _Frontend._fields}) if known else common
        config = self._config
        self._hops = 2 * max(1, round(_COLUMN_SECONDS * sample_rate / config.hop_length / 2))
        self._column_samples = self._hops * config.hop_length
        self.bands, self.column_seconds = config.n_mels, self._column_samples / sample_rate
        self._window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(config.n_fft) / config.n_fft)).astype(np.float32)
        self._mel = mel_filters(config.sample_rate, config.n_fft, config.n_mels, config.fmin, config.fmax)
        self.reset()

    def reset(self) -> None:
        """Begin anew with the next block: the one before it was left out."""
        self._resampler: Resampler | None = None
        self._input_rate = 0
        self._waiting = np.zeros(0, dtype=np.float32)
        self._begin = Fraction(0)  # of what waits, in seconds since the source began

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
            if self._resampler is None or form[0] != self._input_rate:
                self.reset()
                self._input_rate, self._begin = form[0], pieces[0].begin_seconds
                self._resampler = Resampler(form[0], self._config.sample_rate)
            samples = np.concatenate([piece.item.samples for piece in pieces if isinstance(piece.item, Block)])
            self._waiting = np.concatenate([self._waiting, self._resampler.push(samples)])
            count = (len(self._waiting) - self._config.n_fft + self._config.hop_length) // self._column_samples
            if count > 0:
                done.append((float(self._begin), self._columns(self._waiting, count)))
                self._waiting = self._waiting[count * self._column_samples :]
                self._begin += Fraction(count * self._column_samples, self._config.sample_rate)
        return done

    def _columns(self, samples: NDArray[np.float32], count: int) -> NDArray[np.uint8]:
        config = self._config
        begins = 2 * config.hop_length * np.arange(count * self._hops // 2)
        spectrum = np.fft.rfft(samples[begins[:, None] + np.arange(config.n_fft)] * self._window)
        power = (np.square(spectrum.real) + np.square(spectrum.imag)) @ self._mel
        mean = power.reshape(count, self._hops // 2, -1).mean(axis=1)
        decibels = 10.0 * np.log10(np.maximum(mean, config.amin))
        columns: NDArray[np.uint8] = np.clip(np.rint((decibels - LOW_DB) / STEP_DB), 0, 255).astype(np.uint8)
        return columns


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
