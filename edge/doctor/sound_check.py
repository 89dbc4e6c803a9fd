"""Measures a few seconds of sound: level, clipping, DC offset, silence, bandwidth; and finds what is wrong with it."""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from edge.doctor.report import Finding

Samples = NDArray[np.float32]

_QUIET_PEAK_DB = -50.0
_CLIPPED_SHARE = 1e-4
_OFFSET_SHARE = 0.02
_CANCELLED_DB = 20.0
_ZEROS_SECONDS = 0.01  # a stretch of digital silence that is no accident of a quiet moment
_BAND_HZ = 100.0
_RESOLUTION_HZ = 6.0
_CLIFF_DB = 35.0
_TONE_DB = 80.0
_GREATEST_SAMPLE = 1e6  # what is beyond is damage


@dataclass(frozen=True, kw_only=True)
class Sound:
    """Measurements of a few seconds of sound.

    Attributes:
        seconds: its length.
        sample_rate: Hz.
        channels: that it has.
        rms_db: of the channels' mix, which the model gets, in dB of full scale; -inf for digital silence.
        loudest_rms_db: of the loudest channel.
        peak_db: of all channels.
        clipped: share of the samples in runs at the greatest or least value.
        offset: mean of the mix, in full scales.
        zeros_seconds: in stretches of digital silence between sounds.
        limit_hz: where the sound ends as if cut off, well below half of the sample rate; None if it does not.
        not_numbers: samples that are NaN, infinite or far beyond full scale; the runtime takes them as silence, and so
            do the other figures.
    """

    seconds: float
    sample_rate: int
    channels: int
    rms_db: float
    loudest_rms_db: float
    peak_db: float
    clipped: float
    offset: float
    zeros_seconds: float
    limit_hz: float | None
    not_numbers: int

    def to_dict(self) -> dict[str, Any]:
        """For JSON, which has no -inf: None there."""
        values = dataclasses.asdict(self).items()
        return {k: round(v, 6) if isinstance(v, float) and math.isfinite(v) else _finite(v) for k, v in values}


def measure(samples: Samples, sample_rate: int) -> Sound:
    """Measure `[samples, channels]`, at least one sample."""
    numbers = np.abs(samples) < _GREATEST_SAMPLE
    samples = np.where(numbers, samples, np.float32(0.0))
    mix = samples.mean(axis=1, dtype=np.float64)
    by_channel = np.sqrt(np.square(samples, dtype=np.float64).mean(axis=0))
    return Sound(
        seconds=len(samples) / sample_rate,
        sample_rate=sample_rate,
        channels=samples.shape[1],
        rms_db=_db(float(np.sqrt(np.square(mix).mean()))),
        loudest_rms_db=_db(float(by_channel.max())),
        peak_db=_db(float(np.abs(samples).max())),
        clipped=max(_clipped(channel) for channel in samples.T),
        offset=float(mix.mean()),
        zeros_seconds=_zeros(samples, max(1, round(_ZEROS_SECONDS * sample_rate))) / sample_rate,
        limit_hz=_limit_hz(mix, sample_rate),
        not_numbers=int(numbers.size - np.count_nonzero(numbers)),
    )


def judge(sound: Sound, model_rate: int, live: bool) -> list[Finding]:
    """Find what is wrong with the sound, each with what to do.

    Args:
        sound: its measurements.
        model_rate: Hz; the model uses frequencies up to half of it.
        live: whether it comes from a device or a stream, which drop frames; files have been edited.
    """
    found = []
    if sound.not_numbers > 0:
        text = f"{sound.not_numbers} sample(s) are NaN, infinite or far beyond full scale: they are taken as silence; "
        found.append(Finding(True, text + "write integer samples, or mend the program that wrote these"))
    if math.isinf(sound.peak_db):
        text = "nothing but digital silence: is it the right device or stream, and is it not muted?"
        return [*found, Finding(True, text)]
    if sound.peak_db < _QUIET_PEAK_DB:
        found.append(Finding(True, f"too quiet, its peak is {sound.peak_db:.0f} dBFS: raise the gain"))
    if sound.clipped > _CLIPPED_SHARE:
        found.append(Finding(True, f"clipped, {sound.clipped:.2%} of the samples: lower the gain"))
    if abs(sound.offset) > _OFFSET_SHARE and sound.seconds >= 1:
        text = f"a DC offset of {sound.offset:+.1%} of full scale: check the microphone's wiring, or use another input"
        found.append(Finding(True, text))
    if sound.channels > 1 and sound.rms_db < sound.loudest_rms_db - _CANCELLED_DB:
        text = "the channels cancel each other out: reverse the wires of one of them, or give --channel 1"
        found.append(Finding(True, text))
    if sound.zeros_seconds > 0 and sound.peak_db >= _QUIET_PEAK_DB:
        text = (
            f"{sound.zeros_seconds:.2f} s of digital silence within the sound: frames that were dropped, "
            "a noise gate that should be off, or padding"
        )
        found.append(Finding(live, text))
    return found + _judge_bandwidth(sound, model_rate)


def _judge_bandwidth(sound: Sound, model_rate: int) -> list[Finding]:
    if sound.sample_rate < model_rate:
        text = (
            f"its rate of {sound.sample_rate} Hz is below the model's {model_rate} Hz, which uses what is missing "
            f"above {sound.sample_rate / 2000:g} kHz: record at {model_rate} Hz or more"
        )
        return [Finding(True, text)]
    if sound.limit_hz is None:
        return []
    text = (
        f"no sound above {sound.limit_hz / 1000:.1f} kHz at a rate of {sound.sample_rate} Hz: it was recorded at "
        f"about {2 * sound.limit_hz / 1000:.0f} kHz, or came through a telephone, Bluetooth or a low bit rate"
    )
    matters = sound.limit_hz < 0.9 * model_rate / 2
    return [Finding(matters, text if matters else f"{text}; the model does not use frequencies that high")]


def _clipped(channel: Samples) -> float:
    """Share of samples in runs of at least four within a 16-bit step of the greatest or least value."""
    count = 0
    for one_side in (channel, -channel):
        peak = float(one_side.max())
        if peak < 0.1:  # no converter ends there
            continue
        count += _in_runs(one_side >= peak - 2.0**-15, 4)
    return count / len(channel)


def _zeros(samples: Samples, least: int) -> int:
    """Samples in stretches of digital silence, but for those at either end."""
    sounding = np.flatnonzero(samples.any(axis=1))
    return _in_runs(np.asarray(~samples[sounding[0] : sounding[-1]].any(axis=1)), least) if len(sounding) else 0


def _in_runs(flags: NDArray[np.bool_], least: int) -> int:
    """Number of true flags in runs of at least `least`."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    lengths = edges[1::2] - edges[::2]
    return int(lengths[lengths >= least].sum())


def _limit_hz(mix: NDArray[np.float64], sample_rate: int) -> float | None:
    """The cliff in the spectrum: what lies above is everywhere far below what lies just under it.

        level  ~~~~~~~~~~~~~~~~~|
                     [ below   ]|  [ above: its loudest band ]
                                |__________________________
                              limit

    Sounds fall off over octaves; only a filter falls by `_CLIFF_DB` within a fifth.
    """
    length = 2 ** round(math.log2(sample_rate / _RESOLUTION_HZ))
    if len(mix) < 8 * length or not mix.any():
        return None
    windows = sliding_window_view(mix, length)[:: length // 2] * np.kaiser(length, 16.0)  # a tone stays where it is
    level = 10 * np.log10((np.abs(np.fft.rfft(windows)) ** 2).mean(axis=0) + 1e-20)
    hz = np.fft.rfftfreq(length, 1 / sample_rate)
    best, limit = _CLIFF_DB, None
    for candidate in np.arange(1000.0, 0.9 * sample_rate / 2, _BAND_HZ):
        below = level[(hz > 0.8 * candidate) & (hz < 0.95 * candidate)]
        above = level[hz > 1.1 * candidate]
        drop = float(np.median(below) - above.max())
        # Next to a pure tone there is nothing on either side.
        if drop > best and np.median(below) > level.max() - _TONE_DB:
            best, limit = drop, 1.05 * float(candidate)  # between the two
    return limit


def _db(amplitude: float) -> float:
    return 20 * math.log10(amplitude) if amplitude > 0 else -math.inf


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) else value
