"""Sounds made up for training: noise beds, and distractors that are no event of anybody's.

Without distractors a detector learns that whatever stands out of the noise is an event. Few data sets bring enough
of them, so tones, sweeps, bursts and strangely coloured copies of real clips stand in.
"""

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
    size = -(-samples // 4096) * 4096  # a length that the FFT likes
    bins = size // 2 + 1
    spectrum = rng.standard_normal((2, bins), dtype=np.float32)
    frequencies = np.arange(bins, dtype=np.float32) * sample_rate / size
    slope = np.maximum(frequencies, 30.0) ** np.float32(-rng.uniform(0.0, 2.0) / 2)
    shaped = (spectrum[0] + 1j * spectrum[1]) * slope * random_gains(rng, frequencies, 8.0)
    noise = np.fft.irfft(shaped)[:samples]
    return (noise / np.sqrt(np.mean(noise**2))).astype(np.float32)


def random_gains(rng: np.random.Generator, frequencies: Floats, db: float, points: int = 6) -> Audio:
    """Amplitude factors of a random equaliser: `points` gains within ±db, joined on a logarithmic axis."""
    corners = np.geomspace(50.0, max(100.0, float(frequencies[-1])), points)
    gains_db = np.interp(np.log(np.maximum(frequencies, 1.0)), np.log(corners), rng.uniform(-db, db, points))
    return (10.0 ** (gains_db / 20)).astype(np.float32)


def equalise(rng: np.random.Generator, audio: Audio, sample_rate: int, db: float, low_pass: float = 0.25) -> Audio:
    """A random equaliser, and by the chance `low_pass` a low-pass: clips of one class often share their band."""
    size = -(-len(audio) // 1024) * 1024
    spectrum = np.fft.rfft(audio, size)
    frequencies = (np.arange(len(spectrum)) * sample_rate / size).astype(np.float32)
    spectrum *= random_gains(rng, frequencies, db)
    if rng.random() < low_pass:
        spectrum /= np.sqrt(1 + (frequencies / rng.uniform(2000.0, sample_rate / 2)) ** 8)
    return np.fft.irfft(spectrum)[: len(audio)].astype(np.float32)


def change_speed(audio: Audio, factor: float) -> Audio:
    """Play faster (factor above 1) or slower, pitch included."""
    return soxr.resample(audio, 1000.0 * factor, 1000.0, quality="LQ").astype(np.float32)


def made_distractor(rng: np.random.Generator, source: Audio | None, sample_rate: int) -> Audio:
    """A sound that is no event: made of nothing, or of a short real one changed beyond its class.

    Args:
        rng: what it follows from.
        source: `[samples]` of a short event; None makes it of nothing. A long, even sound (rain, say) will not do: it
            stays what it is however it is cut or played.
        sample_rate: Hz.
    """
    made = (_tones, _sweep, _bursts, _knocks, _calls, _machine)
    kind = int(rng.integers(len(made) + 3))
    if source is None or kind < len(made):
        return made[kind % len(made)](rng, sample_rate)
    if kind == len(made):
        return change_speed(source, float(rng.choice([rng.uniform(0.3, 0.45), rng.uniform(2.2, 3.2)])))
    if kind == len(made) + 1:
        alternating = np.where(np.arange(len(source)) % 2 == 0, 1.0, -1.0)
        return (source * alternating).astype(np.float32)  # the spectrum upside down
    return _shuffled(rng, source, sample_rate)


def _time(rng: np.random.Generator, sample_rate: int, shortest: float, longest: float) -> Audio:
    seconds = float(np.exp(rng.uniform(np.log(shortest), np.log(longest))))
    return np.arange(int(seconds * sample_rate), dtype=np.float32) / np.float32(sample_rate)


def _tones(rng: np.random.Generator, sample_rate: int) -> Audio:
    """A steady tone with some harmonics: hum, beep, whistle, horn."""
    time = _time(rng, sample_rate, 0.2, 10.0)
    pitch = np.exp(rng.uniform(np.log(50.0), np.log(4000.0)))
    tone = np.zeros_like(time)
    for harmonic in range(1, rng.integers(2, 12)):
        if pitch * harmonic < sample_rate / 2:
            tone += (
                rng.uniform(0.0, 1.0)
                / harmonic
                * np.sin(2 * np.pi * pitch * harmonic * time + rng.uniform(0, 2 * np.pi), dtype=np.float32)
            )
    return tone * _envelope(rng, time)


def _sweep(rng: np.random.Generator, sample_rate: int) -> Audio:
    """A gliding tone, up and down or once: siren, chirp."""
    time = _time(rng, sample_rate, 0.05, 6.0)
    low, high = np.sort(np.exp(rng.uniform(np.log(150.0), np.log(6000.0), 2)))
    rate = rng.uniform(0.1, 8.0)
    pitch = low + (high - low) * (0.5 + 0.5 * np.sin(2 * np.pi * rate * time + rng.uniform(0, 2 * np.pi)))
    return np.sin(2 * np.pi * np.cumsum(pitch) / sample_rate).astype(np.float32) * _envelope(rng, time)


def _bursts(rng: np.random.Generator, sample_rate: int) -> Audio:
    """Band noise that rises and falls: gust, brush, machine."""
    time = _time(rng, sample_rate, 0.1, 8.0)
    noise = coloured_noise(rng, len(time), sample_rate)
    return equalise(rng, noise, sample_rate, 24.0) * _envelope(rng, time)


def _knocks(rng: np.random.Generator, sample_rate: int) -> Audio:
    """Decaying resonances at uneven times: knocks, drops, keys."""
    time = _time(rng, sample_rate, 0.3, 5.0)
    sound = np.zeros_like(time)
    for start in np.sort(rng.uniform(0.0, time[-1], rng.integers(1, 8))):
        after = np.maximum(time - np.float32(start), 0)
        ring = np.sin(2 * np.pi * np.exp(rng.uniform(np.log(80.0), np.log(5000.0))) * after)
        sound += rng.uniform(0.2, 1.0) * ring * np.exp(-after * rng.uniform(10.0, 150.0)).astype(np.float32)
    return sound


def _calls(rng: np.random.Generator, sample_rate: int) -> Audio:
    """A row of short harmonic calls with a gliding pitch, through resonances: crow, laugh, horn."""
    calls = []
    pitch = np.exp(rng.uniform(np.log(120.0), np.log(1500.0)))
    length, pause = rng.uniform(0.06, 0.6), rng.uniform(0.03, 0.5)
    harshness = rng.uniform(0.0, 0.6)
    for _ in range(int(rng.integers(1, 9))):
        time = np.arange(int(length * rng.uniform(0.8, 1.2) * sample_rate), dtype=np.float32) / np.float32(sample_rate)
        glide = pitch * rng.uniform(0.9, 1.1) * (1 + rng.uniform(-0.3, 0.3) * time / length)
        phase = 2 * np.pi * np.cumsum(glide) / sample_rate
        harmonics = [np.sin(harmonic * phase) / harmonic for harmonic in range(1, 13) if harmonic * pitch < 7000]
        voice = np.sum(harmonics, axis=0)
        voice = voice * (1 - harshness) + harshness * coloured_noise(rng, len(time), sample_rate)
        calls += [voice * _envelope(rng, time), np.zeros(int(pause * sample_rate))]
    return equalise(rng, np.concatenate(calls).astype(np.float32), sample_rate, 15.0)


def _machine(rng: np.random.Generator, sample_rate: int) -> Audio:
    """Noise and hum that pulsate: motor, fan, pump."""
    time = _time(rng, sample_rate, 1.0, 10.0)
    speed = np.exp(rng.uniform(np.log(1.0), np.log(120.0)))
    wander = speed * (1 + 0.05 * np.interp(time, np.linspace(0, time[-1], 6), rng.uniform(-1, 1, 6)))
    turn = 2 * np.pi * np.cumsum(wander) / sample_rate
    pulse = (0.5 + 0.5 * np.sin(turn)) ** rng.uniform(0.0, 4.0)
    hum = sum(rng.uniform(0.0, 1.0) * np.sin(harmonic * turn * rng.choice([1, 2, 4])) for harmonic in range(1, 15))
    noise = coloured_noise(rng, len(time), sample_rate) * pulse
    mixed = (noise + rng.uniform(0.0, 0.7) * hum).astype(np.float32)
    return equalise(rng, mixed, sample_rate, 18.0) * _envelope(rng, time)


def _shuffled(rng: np.random.Generator, source: Audio, sample_rate: int) -> Audio:
    """Short pieces of a clip in another order, some backwards: its colour without its shape."""
    length = int(rng.uniform(0.03, 0.15) * sample_rate)
    window = np.hanning(length).astype(np.float32)
    count = max(2, 2 * len(source) // length)
    out = np.zeros((count + 1) * (length // 2) + length, dtype=np.float32)
    for index in range(count):
        begin = int(rng.integers(max(1, len(source) - length)))
        grain = source[begin : begin + length]
        grain = grain[::-1] if rng.random() < 0.5 else grain
        start = index * (length // 2)
        out[start : start + len(grain)] += grain * window[: len(grain)]
    return out


def _envelope(rng: np.random.Generator, time: Audio) -> Audio:
    """Slow changes of level, with a short fade at both ends."""
    points = np.concatenate([[0.0], rng.uniform(0.1, 1.0, rng.integers(2, 8)), [0.0]])
    fade = min(0.02 + rng.exponential(0.1), time[-1] / 3)
    places = np.concatenate([[0.0], np.linspace(fade, time[-1] - fade, len(points) - 2), [time[-1]]])
    return np.interp(time, places, points).astype(np.float32)
