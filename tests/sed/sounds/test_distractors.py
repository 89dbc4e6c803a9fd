import numpy as np

from sed.sounds.distractors import synthetic_distractor
from sed.sounds.synthetic import coloured_noise


def test_synthetic_distractors_are_sounds() -> None:
    """Of every kind: finite samples that are not silence."""
    source = coloured_noise(np.random.default_rng(0), 8000, 16_000)
    lengths = set()
    for seed in range(200):
        sound = synthetic_distractor(np.random.default_rng(seed), source, 16_000)
        assert np.isfinite(sound).all()
        assert np.abs(sound).max() > 0.01
        lengths.add(len(sound))
    assert len(lengths) > 100


def test_without_a_source_clip_they_are_synthesised() -> None:
    """The same seed gives the same sound."""
    for seed in range(40):
        first, again = (synthetic_distractor(np.random.default_rng(seed), None, 16_000) for _ in range(2))
        np.testing.assert_array_equal(first, again)


def test_a_real_clip_is_not_written_into() -> None:
    """It is copied before it is changed."""
    source = coloured_noise(np.random.default_rng(0), 8000, 16_000)
    before = source.copy()
    for seed in range(60):
        synthetic_distractor(np.random.default_rng(seed), source, 16_000)
    np.testing.assert_array_equal(before, source)
