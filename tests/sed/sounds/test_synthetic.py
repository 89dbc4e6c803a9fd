import numpy as np
import pytest

from sed.sounds.synthetic import change_speed, coloured_noise, equalise


def test_a_low_pass_removes_high_frequencies() -> None:
    """With probability 1 always, with 0 never."""
    noise = np.random.default_rng(0).standard_normal(16_000).astype(np.float32)
    highs = []
    for chance in (0.0, 1.0):
        made = equalise(np.random.default_rng(3), noise, 16_000, 0.0, low_pass=chance)
        highs.append(float(np.abs(np.fft.rfft(made))[-800:].mean() / np.abs(np.fft.rfft(noise))[-800:].mean()))
    assert highs[0] == pytest.approx(1.0, rel=1e-3)
    assert highs[1] < 0.9


def test_noise_has_unit_level() -> None:
    """Whatever its colour."""
    for seed in range(5):
        noise = coloured_noise(np.random.default_rng(seed), 50_001, 16_000)
        assert (50_001,) == noise.shape
        assert np.sqrt(np.mean(noise**2)) == pytest.approx(1.0, rel=1e-3)


def test_noise_is_of_many_colours() -> None:
    """From white to brown: low frequencies are louder than high ones, by a random slope."""
    falls_db = []
    for seed in range(40):
        spectrum = np.abs(np.fft.rfft(coloured_noise(np.random.default_rng(seed), 65_536, 16_000))) ** 2
        low, high = spectrum[800:1600].mean(), spectrum[16_000:32_000].mean()  # 200 to 400 Hz, 4 to 8 kHz
        falls_db.append(10 * np.log10(low / high))
    assert np.mean(falls_db) > 6.0
    assert np.ptp(falls_db) > 10.0


def test_another_speed_is_another_pitch_and_length() -> None:
    """Twice as fast is an octave up in half the time."""
    tone = np.sin(2 * np.pi * 500 * np.arange(16_000) / 16_000).astype(np.float32)
    fast = change_speed(tone, 2.0)
    assert 8000 == pytest.approx(len(fast), abs=2)
    assert 1000 == pytest.approx(int(np.abs(np.fft.rfft(fast)).argmax()) * 2, abs=4)


@pytest.mark.parametrize("factor", [1.0, 1.01, 1.2])
def test_another_speed_keeps_high_frequencies(factor: float) -> None:
    """Up to nine tenths of the band, white noise stays white."""
    noise = np.random.default_rng(0).standard_normal(160_000).astype(np.float32)
    played = np.abs(np.fft.rfft(change_speed(noise, factor))) ** 2
    bands = [part.mean() for part in np.array_split(played[: int(0.9 * len(played))], 9)]
    assert 10 * np.log10(max(bands) / min(bands)) < 1.0


def test_an_equaliser_colours_within_its_limits() -> None:
    """Other seeds give other gains, none beyond the limit, and the input is not changed."""
    impulse = np.zeros(16_384, dtype=np.float32)
    impulse[8192] = 1.0
    gains_db = [
        20 * np.log10(np.abs(np.fft.rfft(equalise(np.random.default_rng(seed), impulse, 16_000, 9.0, low_pass=0.0))))
        for seed in range(4)
    ]
    assert all(np.abs(gains).max() <= 9.01 for gains in gains_db)
    assert all(np.ptp(gains) > 3.0 for gains in gains_db)
    assert np.abs(gains_db[0] - gains_db[1]).max() > 1.0
    assert 1.0 == impulse.sum()


def test_an_equaliser_leaves_no_echo_at_the_end() -> None:
    """A loud beginning does not appear in the last frame, whatever the length."""
    for length in (4096, 5000, 16_384):
        click = np.zeros(length, dtype=np.float32)
        click[0] = 1.0
        for seed in range(4):
            made = np.abs(equalise(np.random.default_rng(seed), click, 16_000, 12.0, low_pass=1.0))
            assert made[-800:].max() < 1e-3 * made.max()
