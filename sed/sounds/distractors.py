"""Synthetic distractors: sounds for training that are not events of any class.

Without distractors a detector learns that every sound above the noise is an event. Few data sets contain enough of
them, so simple imitations of common sounds, and real clips changed until they are no longer of their class, are used.
"""

import numpy as np

from sed.sounds.synthetic import Audio, Floats, change_speed, coloured_noise, equalise, fft_size


def synthetic_distractor(rng: np.random.Generator, source: Audio | None, sample_rate: int) -> Audio:
    """A sound that is not an event: synthesised, or made from a short event so that it is no longer of its class.

    Args:
        rng: random numbers; the sound follows from them.
        source: `[samples]` of a short event; None: always synthesise. Do not give a long, continuous sound such as
            rain: it stays of its class however it is cut or played.
        sample_rate: Hz.
    """
    made = (_tones, _sweep, _bursts, _knocks, _calls, _machine, _water, _insects, _bells, _rumble, _steps, _voice)
    kind = int(rng.integers(len(made) + 6))  # with a source, a third are made from it
    if source is None or kind < len(made):
        return made[kind % len(made)](rng, sample_rate)
    changed = (_far_faster_or_slower, _upside_down, _shuffled, _hissed)
    return changed[kind % len(changed)](rng, source, sample_rate)


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
    turn = (2 * np.pi * np.cumsum(wander) / sample_rate).astype(np.float32)
    pulse = (0.5 + 0.5 * np.sin(turn)) ** np.float32(rng.uniform(0.0, 4.0))
    hum = _sum_of_sines(rng, turn, [harmonic * int(rng.choice([1, 2, 4])) for harmonic in range(1, 15)])
    noise = coloured_noise(rng, len(time), sample_rate) * pulse
    return equalise(rng, noise + np.float32(rng.uniform(0.0, 0.7)) * hum, sample_rate, 18.0) * _envelope(rng, time)


def _sum_of_sines(rng: np.random.Generator, phase: Audio, multiples: list[int]) -> Audio:
    total = np.zeros_like(phase)
    for multiple in multiples:
        total += np.float32(rng.uniform(0.0, 1.0)) * np.sin(np.float32(multiple) * phase)
    return total


def _water(rng: np.random.Generator, sample_rate: int) -> Audio:
    """Bubbles, single or in a crowd: each a short tone that rises a little. Drops, a stream, a glass that fills."""
    time = _time(rng, sample_rate, 0.5, 8.0)
    sound = np.zeros_like(time)
    middle_hz, rate = (
        np.exp(rng.uniform(np.log(400.0), np.log(3000.0))),
        np.exp(rng.uniform(np.log(2.0), np.log(150.0))),
    )
    for _ in range(int(rate * time[-1]) + 1):
        pitch = middle_hz * np.exp(rng.uniform(-0.8, 0.8))
        after = time[: int(min(0.15, 60.0 / pitch) * sample_rate)]
        phase = 2 * np.pi * pitch * after * (1 + rng.uniform(0.0, 3.0) * after)
        _add(sound, rng.uniform(0.1, 1.0) * np.sin(phase) * np.exp(-after * pitch / 12), int(rng.integers(len(time))))
    return sound


def _insects(rng: np.random.Generator, sample_rate: int) -> Audio:
    """High tones in quick pulses, with pauses: crickets, cicadas, an old telephone."""
    time = _time(rng, sample_rate, 0.5, 10.0)
    carrier, pulses = rng.uniform(1500.0, 7000.0), np.exp(rng.uniform(np.log(8.0), np.log(90.0)))
    pulsing = np.clip(np.sin(2 * np.pi * pulses * time) + rng.uniform(-0.5, 0.5), 0.0, None)
    chirps = np.sin(2 * np.pi * rng.uniform(0.3, 3.0) * time) > rng.uniform(-1.0, 0.6)
    tone = np.sin(2 * np.pi * carrier * time + rng.uniform(0.0, 4.0) * pulsing)
    return (tone * pulsing * chirps).astype(np.float32) * _envelope(rng, time)


def _bells(rng: np.random.Generator, sample_rate: int) -> Audio:
    """Strokes with inharmonic partials that decay: bells, glasses, metal."""
    time = _time(rng, sample_rate, 0.5, 8.0)
    pitch = np.exp(rng.uniform(np.log(150.0), np.log(2500.0)))
    partials = np.sort(rng.uniform(0.5, 6.0, rng.integers(3, 9)))
    stroke = np.zeros_like(time)
    for partial in partials:
        if pitch * partial < sample_rate / 2:
            decay = np.exp(-time * rng.uniform(0.5, 6.0) * partial)
            stroke += (rng.uniform(0.1, 1.0) * np.sin(2 * np.pi * pitch * partial * time) * decay).astype(np.float32)
    sound = np.zeros_like(time)
    for _ in range(int(rng.integers(1, 7))):
        _add(sound, rng.uniform(0.3, 1.0) * stroke, int(rng.integers(len(time))))
    return sound


def _rumble(rng: np.random.Generator, sample_rate: int) -> Audio:
    """Low noise that swells: thunder, a train, a plane far away."""
    time = _time(rng, sample_rate, 1.0, 10.0)
    size = fft_size(len(time))
    spectrum = np.fft.rfft(coloured_noise(rng, len(time), sample_rate), size)
    frequencies = np.arange(len(spectrum)) * sample_rate / size
    spectrum /= 1 + (frequencies / np.exp(rng.uniform(np.log(60.0), np.log(800.0)))) ** rng.integers(2, 6)
    low = np.fft.irfft(spectrum)[: len(time)].astype(np.float32)
    return low * _envelope(rng, time) ** 2 / np.float32(low.std() + 1e-9)


def _steps(rng: np.random.Generator, sample_rate: int) -> Audio:
    """Short noises in an uneven rhythm: steps, typing, rattling. An even one would be a clock."""
    time = _time(rng, sample_rate, 0.5, 8.0)
    length = int(np.exp(rng.uniform(np.log(0.004), np.log(0.12))) * sample_rate)
    period, unevenness = np.exp(rng.uniform(np.log(0.06), np.log(0.8))), rng.uniform(0.2, 0.7)
    noise = equalise(rng, coloured_noise(rng, max(4 * length, 256), sample_rate), sample_rate, 18.0)
    decay = np.exp(-np.linspace(0.0, 6.0, length, dtype=np.float32))
    sound, seconds = np.zeros_like(time), 0.0
    while seconds < time[-1]:
        begin = int(rng.integers(len(noise) - length))
        _add(sound, rng.uniform(0.2, 1.0) * noise[begin : begin + length] * decay, int(seconds * sample_rate))
        seconds += period * (1 + unevenness * rng.uniform(-1.0, 1.0))
    return sound


def _voice(rng: np.random.Generator, sample_rate: int) -> Audio:
    """Harmonics of a gliding pitch with moving formants, in syllables: speech, laughter, humming."""
    time = _time(rng, sample_rate, 0.3, 4.0)
    knots = np.linspace(0.0, time[-1], int(time[-1] * rng.uniform(3.0, 7.0)) + 3)

    def contour(low: float, high: float) -> Audio:
        return np.interp(time, knots, rng.uniform(low, high, len(knots))).astype(np.float32)

    base = np.exp(rng.uniform(np.log(80.0), np.log(350.0)))
    pitch = base * contour(0.8, 1.25)
    phase = (2 * np.pi * np.cumsum(pitch, dtype=np.float64) / sample_rate).astype(np.float32)
    formants = [contour(250.0, 900.0), contour(850.0, 2500.0), contour(2300.0, 3500.0)]
    voice = np.zeros_like(time)
    for harmonic in range(1, min(40, int(4000 / base)) + 1):
        gain = sum(np.exp(-(((harmonic * pitch - formant) / 150.0) ** 2)) for formant in formants)
        voice += (0.02 + gain) * np.sin(harmonic * phase)
    breath = 0.1 * coloured_noise(rng, len(time), sample_rate)
    return (voice + breath) * np.clip(contour(-0.4, 1.0), 0.0, None) * _envelope(rng, time)


def _add(sound: Audio, part: Floats, begin: int) -> None:
    """Add a part to `sound` from sample `begin` on; what is beyond the end is cut off."""
    sound[begin : begin + len(part)] += part[: len(sound) - begin]


def _far_faster_or_slower(rng: np.random.Generator, source: Audio, _sample_rate: int) -> Audio:
    return change_speed(source, float(rng.choice([rng.uniform(0.3, 0.45), rng.uniform(2.2, 3.2)])))


def _upside_down(_rng: np.random.Generator, source: Audio, _sample_rate: int) -> Audio:
    """With its spectrum inverted: low and high frequencies exchanged."""
    return (source * np.where(np.arange(len(source)) % 2 == 0, 1.0, -1.0)).astype(np.float32)


def _hissed(rng: np.random.Generator, source: Audio, sample_rate: int) -> Audio:
    """Noise with the spectrum of the clip, but random phases."""
    time = _time(rng, sample_rate, 0.3, 6.0)
    colour = np.abs(np.fft.rfft(source, 8192))
    spectrum = np.fft.rfft(rng.standard_normal(fft_size(len(time)), dtype=np.float32))
    spectrum *= np.interp(np.linspace(0.0, 1.0, len(spectrum)), np.linspace(0.0, 1.0, len(colour)), colour)
    return np.fft.irfft(spectrum)[: len(time)].astype(np.float32) * _envelope(rng, time)


def _shuffled(rng: np.random.Generator, source: Audio, sample_rate: int) -> Audio:
    """Short grains of a clip in another order, some reversed: its spectrum without its envelope."""
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
    times = np.concatenate([[0.0], np.linspace(fade, time[-1] - fade, len(points) - 2), [time[-1]]])
    return np.interp(time, times, points).astype(np.float32)
