"""Building blocks of sounds that nobody recorded: noise, equalisers, another speed."""

from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

Audio = NDArray[np.float32]
Floats = NDArray[np.floating[Any]]


def coloured_noise(rng: np.random.Generator, samples: int, sample_rate: int) -> Audio:
    """Stationary noise of unit level, between white and brown, through a random equaliser.

    Returns:
        `[samples]`, root mean square 1.
    """
    size = fft_size(samples)
    bins = size // 2 + 1
    spectrum = rng.standard_normal((2, bins), dtype=np.float32)
    frequencies = np.arange(bins, dtype=np.float32) * sample_rate / size
    slope = np.maximum(frequencies, 30.0) ** np.float32(-rng.uniform(0.0, 2.0) / 2)
    shaped = (spectrum[0] + 1j * spectrum[1]) * slope * random_gains(rng, frequencies, 8.0)
    noise = np.fft.irfft(shaped)[:samples]
    return (noise / np.sqrt(np.mean(noise**2))).astype(np.float32)


def fft_size(samples: int) -> int:
    """The next length that the FFT likes."""
    return -(-samples // 4096) * 4096 if samples > 4096 else -(-samples // 256) * 256


def random_gains(rng: np.random.Generator, frequencies: Floats, db: float, points: int = 6) -> Audio:
    """Amplitude factors of a random equaliser: `points` gains within ±db, joined on a logarithmic axis."""
    corners = np.geomspace(50.0, max(100.0, float(frequencies[-1])), points)
    gains_db = np.interp(np.log(np.maximum(frequencies, 1.0)), np.log(corners), rng.uniform(-db, db, points))
    return (10.0 ** (gains_db / 20)).astype(np.float32)


def equalise(rng: np.random.Generator, audio: Audio, sample_rate: int, db: float, low_pass: float = 0.25) -> Audio:
    """A random equaliser, and by the chance `low_pass` a low-pass: clips of one class often share their band."""
    size = fft_size(len(audio))
    spectrum = np.fft.rfft(audio, size)
    frequencies = (np.arange(len(spectrum)) * sample_rate / size).astype(np.float32)
    spectrum *= random_gains(rng, frequencies, db)
    if rng.random() < low_pass:
        spectrum /= np.sqrt(1 + (frequencies / rng.uniform(2000.0, sample_rate / 2)) ** 8)
    return np.fft.irfft(spectrum)[: len(audio)].astype(np.float32)


def change_speed(audio: Audio, factor: float) -> Audio:
    """Play faster (factor above 1) or slower, pitch included."""
    return soxr.resample(audio, 1000.0 * factor, 1000.0, quality="LQ").astype(np.float32)
