"""Building blocks of synthetic sounds: noise, equalisers, change of speed."""

from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

Audio = NDArray[np.float32]
Floats = NDArray[np.floating[Any]]

_CORNERS = 48  # of a curve over frequency
_RINGING = 0.1  # seconds that an equaliser rings before and after a sound


def coloured_noise(rng: np.random.Generator, samples: int, sample_rate: int) -> Audio:
    """Stationary noise between white and brown, through a random equaliser.

    Noise longer than 65,536 samples is periodic, without a seam.

    Returns:
        `[samples]`, root mean square 1.
    """
    size = min(fft_size(samples), 2**16)
    spectrum = rng.standard_normal((size // 2 + 1, 2), dtype=np.float32).view(np.complex64)[:, 0]
    corners = np.geomspace(50.0, sample_rate / 2, _CORNERS)
    slope_db = -10.0 * rng.uniform(0.0, 2.0) * np.log10(np.maximum(corners, 30.0))
    noise = np.fft.irfft(spectrum * _amplitudes(corners, slope_db + random_gains(rng, corners, 8.0), size, sample_rate))
    noise = noise[:samples]
    return np.resize(noise / np.sqrt(np.mean(noise**2)), samples)


def equalise(rng: np.random.Generator, audio: Audio, sample_rate: int, db: float, low_pass: float = 0.25) -> Audio:
    """A random equaliser within ±db, with probability `low_pass` a low-pass: clips of one class often share a band."""
    size = fft_size(len(audio) + round(_RINGING * sample_rate))  # an FFT wraps around
    corners = np.geomspace(50.0, sample_rate / 2, _CORNERS)
    gains_db = random_gains(rng, corners, db)
    if rng.random() < low_pass:
        gains_db -= 10.0 * np.log10(1 + (corners / rng.uniform(2000.0, sample_rate / 2)) ** 8)
    equalised = np.fft.irfft(np.fft.rfft(audio, size) * _amplitudes(corners, gains_db, size, sample_rate))
    return equalised[: len(audio)].astype(np.float32)


def fft_size(samples: int) -> int:
    """The next length that an FFT computes fast."""
    return -(-samples // 4096) * 4096 if samples > 4096 else -(-samples // 256) * 256


def random_gains(rng: np.random.Generator, corners: Floats, db: float, points: int = 6) -> Floats:
    """Gains in dB at these frequencies: `points` random ones within ±db, interpolated on a logarithmic axis."""
    return np.interp(np.linspace(0.0, 1.0, len(corners)), np.linspace(0.0, 1.0, points), rng.uniform(-db, db, points))


def _amplitudes(corners: Floats, gains_db: Floats, size: int, sample_rate: int) -> Audio:
    """Amplitudes of the bins of a real FFT; dB are converted at the corners only, which is faster."""
    frequencies = np.arange(size // 2 + 1) * (sample_rate / size)
    return np.interp(frequencies, corners, 10.0 ** (gains_db / 20)).astype(np.float32)


def change_speed(audio: Audio, factor: float) -> Audio:
    """Play faster (factor above 1) or slower, pitch included.

    A filter of low quality would remove everything above 7 of 8 kHz, and a network could recognise by that which sounds
    went through it.
    """
    return soxr.resample(audio, 1000.0 * factor, 1000.0, quality="HQ").astype(np.float32)
