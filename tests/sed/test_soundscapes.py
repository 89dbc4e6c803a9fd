from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from sed.config import DataConfig, Recipe, SceneConfig
from sed.data import Clip, Corpus, load_corpus
from sed.soundscapes import SceneMixer
from sed.synthetic import coloured_noise, made_distractor


def beep_corpus() -> Corpus:
    """One clip: a beep of 1 s in the middle of 3 s of silence."""
    audio = np.zeros(48_000, dtype=np.float32)
    audio[16_000:32_000] = np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000)
    clip = Clip(
        path=Path("beep.wav"),
        fold=1,
        labels=("beep",),
        segments=((16_000, 32_000, "beep"),),
        pieces=((16_000, 32_000),),
        audio=audio,
    )
    return Corpus(labels=("beep",), clips=(clip,))


def recipe(**scenes: float) -> Recipe:
    """Scenes of events alone, but for the changes."""
    quiet = {"distractors_mean": 0.0, "event_free": 0.0, "silent_bed": 1.0, "silent_start": 0.0}
    return Recipe(name="x", scenes=SceneConfig(**(quiet | scenes)))  # type: ignore[arg-type]  # the values are floats


def frame_levels(audio: NDArray[np.float32], made: Recipe) -> NDArray[np.float32]:
    """Greatest sample of each frame."""
    return np.abs(audio[made.context_samples :].reshape(-1, made.frame_samples)).max(axis=1)


@pytest.mark.parametrize("seed", range(8))
def test_truth_lies_where_the_sound_is(seed: int) -> None:
    """In silence, whatever sounds is an event and whatever is an event sounds, at any speed."""
    made = recipe()
    scene = SceneMixer(beep_corpus(), made).mix(np.random.default_rng(seed))
    levels = frame_levels(scene.audio, made)
    # Filters ring and margins are kept: a frame on either side may go either way.
    true = scene.truth[:, 0] > 0.99
    false = np.convolve(scene.truth[:, 0] > 0.0, np.ones(5), mode="same") == 0
    floor = 0.02 * levels.max()
    assert levels[true].min(initial=np.inf) > floor
    assert levels[false].max(initial=0.0) < floor


def test_the_same_seed_gives_the_same_scene(clips: Path) -> None:
    """And another one gives another."""
    mixer = SceneMixer(load_corpus([clips], 16_000, DataConfig()), Recipe(name="x"))
    first, again, other = (mixer.mix(np.random.default_rng(seed)) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first.audio, again.audio)
    np.testing.assert_array_equal(first.truth, again.truth)
    assert not np.array_equal(first.audio, other.audio)


def test_scenes_are_within_full_scale_and_clips_are_left_alone(clips: Path) -> None:
    """Nothing beyond [-1, 1], nothing but numbers, and mixing writes into no clip."""
    corpus = load_corpus([clips], 16_000, DataConfig())
    before = [clip.audio[:] for clip in corpus.clips]
    made = Recipe(name="x")
    mixer = SceneMixer(corpus, made)
    for seed in range(30):
        scene = mixer.mix(np.random.default_rng(seed))
        assert (made.context_samples + 200 * made.frame_samples,) == scene.audio.shape
        assert np.abs(scene.audio).max() <= 1.0
        assert 0.0 <= scene.truth.min() <= scene.truth.max() <= 1.0
    for clip, audio in zip(corpus.clips, before, strict=True):
        np.testing.assert_array_equal(clip.audio[:], audio)


def test_an_event_free_scene_has_no_truth_but_may_have_sounds(clips: Path) -> None:
    """Distractors and noise are what an event is told from."""
    made = recipe(event_free=1.0, distractors_mean=3.0, silent_bed=0.0)
    scene = SceneMixer(load_corpus([clips], 16_000, DataConfig()), made).mix(np.random.default_rng(0))
    assert 0.0 == scene.truth.max()
    assert np.abs(scene.audio).max() > 0.0


def test_before_a_silent_start_there_is_no_truth() -> None:
    """As a source begins: digital silence, and no event in it."""
    made = recipe(silent_start=1.0, silent_bed=0.0)
    for seed in range(10):
        scene = SceneMixer(beep_corpus(), made).mix(np.random.default_rng(seed))
        silent = frame_levels(scene.audio, made) == 0.0
        assert 0.0 == scene.truth[silent].max(initial=0.0)


def test_noise_has_unit_level() -> None:
    """Whatever its colour."""
    for seed in range(5):
        noise = coloured_noise(np.random.default_rng(seed), 50_001, 16_000)
        assert (50_001,) == noise.shape
        assert np.sqrt(np.mean(noise**2)) == pytest.approx(1.0, rel=1e-3)


def test_made_distractors_are_sounds() -> None:
    """Each kind comes out as finite samples that are not silence."""
    source = coloured_noise(np.random.default_rng(0), 8000, 16_000)
    lengths = set()
    for seed in range(60):
        sound = made_distractor(np.random.default_rng(seed), source, 16_000)
        assert np.isfinite(sound).all()
        assert np.abs(sound).max() > 0.01
        lengths.add(len(sound))
    assert len(lengths) > 30
