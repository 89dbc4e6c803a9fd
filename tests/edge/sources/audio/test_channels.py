import numpy as np
import pytest
from numpy.typing import NDArray

from edge.errors import SettingError, SourceError
from edge.sources.audio.channels import ChannelChoice
from edge.sources.audio.reading import read_audio
from tests.conftest import DEMO

RATE = 16_000
Samples = NDArray[np.float32]


@pytest.fixture(scope="module")
def sound() -> Samples:
    """Twenty seconds of the demo recording."""
    return read_audio(DEMO, RATE)[: 20 * RATE]


def hiss(sound: Samples, level: float = 0.1) -> Samples:
    """What a dead channel holds."""
    return (level * np.random.default_rng(1).standard_normal(len(sound))).astype(np.float32)


def heard(channel: str, *channels: Samples) -> tuple[Samples, list[str]]:
    """Ten blocks a second."""
    choice, taken, warnings = ChannelChoice(channel, "porch"), [], []
    both = np.stack(channels, axis=1)
    for start in range(0, len(both), RATE // 10):
        samples, warning = choice.take(both[start : start + RATE // 10], RATE)
        taken.append(samples)
        warnings += [] if warning is None else [warning]
    return np.concatenate(taken), warnings


def test_one_channel_is_that_channel(sound: Samples) -> None:
    """By its number, from 1."""
    for number, expected in (("1", sound), ("2", -sound)):
        taken, warnings = heard(number, sound, -sound)
        assert np.array_equal(expected[:, None], taken)
        assert [] == warnings


def test_the_mix_is_left_as_it_is(sound: Samples) -> None:
    """All channels, to be mixed where they are resampled."""
    taken, warnings = heard("mix", sound, 0.5 * sound)
    assert np.array_equal(np.stack([sound, 0.5 * sound], axis=1), taken)
    assert [] == warnings


@pytest.mark.parametrize("other", [0.0, 0.3, 1.0])
def test_channels_that_may_be_mixed_give_no_warning(sound: Samples, other: float) -> None:
    """One that is silent, softer or the same."""
    assert [] == heard("mix", sound, np.float32(other) * sound)[1]


def test_channels_that_cancel_are_told_once(sound: Samples) -> None:
    """Antiphase, exact or nearly."""
    for factor in (-1.0, -0.8):
        assert ["mixed, its channels cancel each other out; --channel 1 hears one of them"] == heard(
            "mix", sound, np.float32(factor) * sound
        )[1]


def test_a_channel_of_steady_noise_is_told_once(sound: Samples) -> None:
    """Whichever it is."""
    assert ["channel 2 holds nothing but a steady noise; --channel 1 leaves it out"] == heard(
        "mix", sound, hiss(sound)
    )[1]
    assert ["channel 1 holds nothing but a steady noise; --channel 2 leaves it out"] == heard(
        "mix", hiss(sound), sound
    )[1]


def test_the_best_channel_is_the_one_that_varies(sound: Samples) -> None:
    """After five seconds it is known; a louder hiss is not taken for it."""
    taken, warnings = heard("best", hiss(sound, 0.3), sound)
    assert np.array_equal(sound[6 * RATE :, None], taken[6 * RATE :])
    assert [] == warnings


def test_damaged_samples_spoil_no_level(sound: Samples) -> None:
    """NaN and infinity count as silence."""
    broken = sound.copy()
    broken[[5, RATE, 3 * RATE]] = np.nan, np.inf, 1e38
    assert [] == heard("mix", broken, sound)[1]


@pytest.mark.parametrize("channel", ["0", "-1", "left", "", "1.5"])
def test_what_is_no_channel_is_refused(channel: str) -> None:
    """With what was expected."""
    with pytest.raises(SettingError, match="expected mix, best, or the number of a channel from 1"):
        ChannelChoice(channel, "porch")


def test_a_channel_that_is_not_there_is_an_error(sound: Samples) -> None:
    """It says how many there are."""
    with pytest.raises(SourceError, match="porch: has 2 channels, no channel 3; give --channel mix, best or 1 to 2"):
        heard("3", sound, sound)
