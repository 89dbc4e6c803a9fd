import dataclasses

import numpy as np
import pytest
import soundfile
import soxr
from numpy.typing import NDArray

from edge.doctor.sound_check import judge, measure
from tests.conftest import DEMO

RATE = 48_000
NOISE = np.random.default_rng(0).uniform(-0.3, 0.3, 3 * RATE)
BROWN = np.cumsum(NOISE) - np.cumsum(NOISE).mean()
BROWN /= 2 * np.abs(BROWN).max()


def verdict(samples: NDArray[np.floating], rate: int = RATE, live: bool = True) -> list[str]:
    """The beginnings of what is found wrong, up to the first comma or colon."""
    shaped = samples.astype(np.float32).reshape(len(samples), -1)
    found = judge(measure(shaped, rate), 16_000, live)
    return [finding.text.replace(":", ",").partition(",")[0] for finding in found if finding.wrong]


def through(rate: int, samples: NDArray[np.floating]) -> NDArray[np.floating]:
    """As if recorded at another rate, with 16 bits."""
    return np.round(soxr.resample(soxr.resample(samples, RATE, rate), rate, RATE) * 32768) / 32768


def tone(hz: float) -> NDArray[np.floating]:
    """A sine at full scale."""
    return np.sin(2 * np.pi * hz / RATE * np.arange(3 * RATE))


def test_the_demo_recording_is_fine() -> None:
    """All of it, five seconds at a time."""
    samples, rate = soundfile.read(DEMO)
    assert [] == [said for start in range(0, 50, 5) for said in verdict(samples[start * rate :][: 5 * rate], rate)]


def test_levels_are_those_of_the_signal() -> None:
    """A sine at full scale has a peak of 0 and an RMS of -3 dBFS."""
    sound = measure(tone(1000).astype(np.float32)[:, None], RATE)
    assert (0.0, -3.01) == (round(sound.peak_db, 2), round(sound.rms_db, 2))
    assert (3.0, RATE, 1) == (sound.seconds, sound.sample_rate, sound.channels)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30])
def test_samples_that_are_no_numbers_are_counted_and_spoil_no_figure(bad: float) -> None:
    """They count as silence elsewhere, as in the runtime."""
    samples = NOISE.copy()
    samples[[100, 2000]] = bad
    clean = NOISE.copy()
    clean[[100, 2000]] = 0.0
    found, expected = (measure(each.astype(np.float32)[:, None], RATE) for each in (samples, clean))
    assert dataclasses.replace(expected, not_numbers=2) == found
    assert ["2 sample(s) are NaN"] == verdict(samples)
    assert ["6 sample(s) are NaN", "nothing but digital silence"] == verdict(np.full(6, bad))


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (NOISE, []),
        (tone(1000), []),
        (tone(50), []),
        (BROWN, []),
        (0 * NOISE, ["nothing but digital silence"]),
        (NOISE / 200, ["too quiet"]),
        (np.clip(5 * NOISE, -1, 1), ["clipped"]),
        (np.clip(5 * NOISE, -1, 1) / 2, ["clipped"]),
        (NOISE + 0.1, ["a DC offset of +10.0% of full scale"]),
        (np.stack([NOISE, -NOISE], axis=1), ["the channels cancel each other out"]),
        (np.stack([NOISE, 0 * NOISE], axis=1), []),
        (np.concatenate([NOISE, np.zeros(RATE // 4), NOISE]), ["0.25 s of digital silence within the sound"]),
        (np.concatenate([NOISE, np.zeros(RATE)]), []),
        (through(8_000, NOISE), ["no sound above 4.1 kHz at a rate of 48000 Hz"]),
        (through(24_000, NOISE), []),
    ],
)
def test_what_is_wrong_with_a_sound_is_found(samples: NDArray[np.floating], expected: list[str]) -> None:
    """And nothing else, with signals that are unusual but right."""
    assert expected == verdict(samples)


def test_a_file_may_have_been_edited() -> None:
    """Digital silence within it is no fault of a device."""
    assert [] == verdict(np.concatenate([NOISE, np.zeros(RATE // 4), NOISE]), live=False)


def test_a_rate_below_the_models_is_wrong() -> None:
    """The model would hear nothing in its upper half."""
    assert ["its rate of 8000 Hz is below the model's 16000 Hz"] == verdict(NOISE, 8_000)


@pytest.mark.parametrize("samples", [1, 10, 5000])
def test_a_short_sound_is_measured_as_far_as_it_goes(samples: int) -> None:
    """Even a single sample."""
    assert [] == verdict(NOISE[:samples])
