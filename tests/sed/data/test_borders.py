import numpy as np
import pytest
from numpy.typing import NDArray

from sed.data.borders import active_spans

RATE = 16_000


def clip(
    *sounds: tuple[float, float], floor_db: float = -70.0, seconds: float = 5.0, db: float = -20.0
) -> NDArray[np.float32]:
    """Noise at `db` where something sounds and at `floor_db` elsewhere."""
    noise = np.random.default_rng(0).standard_normal(int(seconds * RATE))
    level = np.full(len(noise), 10 ** (floor_db / 20))
    for onset, offset in sounds:
        level[int(onset * RATE) : int(offset * RATE)] = 10 ** (db / 20)
    return (noise * level).astype(np.float32)


def found(audio: NDArray[np.float32], rate: int = RATE) -> list[tuple[float, float]]:
    return [(onset / rate, offset / rate) for onset, offset in active_spans(audio, rate)]


def test_sounds_are_found_above_the_floor() -> None:
    """To a frame of 20 ms."""
    assert [(1.0, 1.5), (3.0, 4.2)] == found(clip((1.0, 1.5), (3.0, 4.2)))
    assert [(0.0, 0.5), (4.5, 5.0)] == found(clip((0.0, 0.5), (4.5, 5.0)))


def test_short_gaps_are_closed_and_short_spans_dropped() -> None:
    """A gap of 0.28 s is within a sound, one of 0.3 s separates two; 60 ms are a click, not a sound."""
    assert [(1.0, 2.0), (2.3, 3.0)] == found(clip((1.0, 1.4), (1.68, 2.0), (2.3, 3.0), (4.0, 4.06)))
    assert [(1.0, 1.08)] == found(clip((1.0, 1.08)))


def test_what_is_far_below_the_loudest_frame_is_not_active() -> None:
    """35 dB below it is another sound, 25 dB below it is still the event."""
    loud = clip((1.0, 2.0), floor_db=-80.0)
    assert [(1.0, 2.0)] == found(loud + clip((3.0, 4.0), floor_db=-200.0, db=-55.0))
    assert [(1.0, 2.0), (3.0, 4.0)] == found(loud + clip((3.0, 4.0), floor_db=-200.0, db=-45.0))


def test_a_continuous_sound_is_active_all_the_time() -> None:
    """Rain has no quiet part; padding of digital silence does not count as one."""
    assert [(0.0, 5.0)] == found(clip((0.0, 5.0)))
    assert [(0.0, 5.0)] == found(clip((1.0, 3.0), floor_db=-30.0))
    assert [(1.0, 4.0)] == found(clip((1.0, 4.0), floor_db=-300.0))


def test_a_clip_may_be_shorter_than_the_shortest_span() -> None:
    """All of it is active."""
    assert ((0, 960),) == active_spans(np.full(960, 0.1, dtype=np.float32), 16_000)


def test_silence_has_no_active_span() -> None:
    """Nor does a clip without samples."""
    assert [] == found(np.zeros(RATE, dtype=np.float32))
    assert [] == found(np.zeros(0, dtype=np.float32))


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 32_000])
def test_a_long_recording_is_read_in_parts(rate: int) -> None:
    """Of 130 s never more than 10 s at once; a sound across the boundary of two parts is one span."""
    audio = np.random.default_rng(0).standard_normal(130 * rate).astype(np.float32) * 1e-4
    audio[59 * rate : 61 * rate] *= 1000
    lengths = []

    class Parts:
        """Records the length of each part that is read."""

        def __len__(self) -> int:
            return len(audio)

        def __getitem__(self, part: slice) -> NDArray[np.float32]:
            lengths.append(len(audio[part]))
            return audio[part]

    [(onset, offset)] = active_spans(Parts(), rate)
    assert (59.0, 61.0) == (pytest.approx(onset / rate, abs=0.02), pytest.approx(offset / rate, abs=0.02))
    assert max(lengths) <= 10 * rate
    assert len(audio) == sum(lengths)
