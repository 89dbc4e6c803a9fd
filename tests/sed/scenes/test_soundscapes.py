import dataclasses
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from sed.data.corpus import Corpus, load_corpus
from sed.recipe.config import Recipe
from sed.recipe.training_config import DataConfig, SceneConfig
from sed.scenes.scene import SceneBuilder, SceneSound
from sed.scenes.soundscapes import SceneMixer
from tests.sed.scenes.sounds import beep_corpus, clip, frame_levels, recipe, share_of_band, tone


@pytest.mark.parametrize("seed", range(8))
def test_truth_lies_where_the_sound_is(seed: int) -> None:
    """In silence, every sound is an event and every event is a sound, at any speed."""
    made = recipe(snr_db_low=15.0)
    scene = SceneMixer(beep_corpus(), made).mix(np.random.default_rng(seed))
    levels = frame_levels(scene.audio, made)
    # Filters ring and margins are kept: a frame on either side may go either way.
    true = scene.frames[:, 0] > 0.99
    false = np.convolve(scene.frames[:, 0] > 0.0, np.ones(5), mode="same") == 0
    floor = 0.02 * levels.max()
    assert levels[true].min(initial=np.inf) > floor
    assert levels[false].max(initial=0.0) < floor


def test_the_same_seed_gives_the_same_scene(clips: Path) -> None:
    """Another seed gives another scene."""
    mixer = SceneMixer(load_corpus([clips], 16_000, DataConfig()), Recipe(name="x"))
    first, again, other = (mixer.mix(np.random.default_rng(seed)) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first.audio, again.audio)
    np.testing.assert_array_equal(first.frames, again.frames)
    assert not np.array_equal(first.audio, other.audio)


def test_scenes_are_within_full_scale_and_clips_are_not_changed(clips: Path) -> None:
    """Finite samples in [-1, 1], and no clip is written into, whatever it is used for."""
    found = load_corpus([clips], 16_000, DataConfig())
    read_only = [dataclasses.replace(clip, audio=np.frombuffer(clip.audio[:].tobytes(), "f4")) for clip in found.clips]
    beds = [dataclasses.replace(clip, labels=(), background=True) for clip in read_only]
    others = [clip for clip in read_only if not clip.labels]
    corpus = Corpus(labels=found.labels, clips=(*read_only, *beds, *(30 * others)))
    made = Recipe(name="x", scenes=SceneConfig(recordings=0.2))
    mixer = SceneMixer(corpus, made)
    for seed in range(30):
        scene = mixer.mix(np.random.default_rng(seed))
        assert (made.context_samples + 200 * made.frame_samples,) == scene.audio.shape
        assert np.abs(scene.audio).max() <= 1.0
        assert 0.0 <= scene.frames.min() <= scene.frames.max() <= 1.0


def test_an_event_free_scene_has_no_truth_but_may_have_sounds(clips: Path) -> None:
    """It has distractors and noise."""
    made = recipe(event_free=1.0, distractors_mean=3.0, silent_bed=0.0)
    scene = SceneMixer(load_corpus([clips], 16_000, DataConfig()), made).mix(np.random.default_rng(0))
    assert 0.0 == scene.frames.max()
    assert np.abs(scene.audio).max() > 0.0


def test_before_a_silent_start_there_is_no_truth() -> None:
    """Digital silence, as before a source begins, without events."""
    made, silences = recipe(silent_start=1.0, silent_bed=0.0), []
    for seed in range(20):
        scene = SceneMixer(beep_corpus(), made).mix(np.random.default_rng(seed))
        silent = frame_levels(scene.audio, made) == 0.0
        assert 0.0 == scene.frames[silent].max(initial=0.0)
        silences.append(int(silent.sum()))
    assert 20 < max(silences) <= 100  # of 200; a short one may end within the context


class LongSound:
    """An hour of a tone that nobody may hold in memory."""

    def __len__(self) -> int:
        return 3600 * 16_000

    def __getitem__(self, part: slice) -> NDArray[np.float32]:
        begin, end, _ = part.indices(len(self))
        assert end - begin <= 200_000, f"{part}, for a scene of 165,312 samples"
        return np.sin(0.4 * np.arange(begin, end)).astype(np.float32)


@pytest.mark.parametrize(
    ("use", "wanted"),
    [
        ({"labels": ("beep",), "spans": ()}, {"recordings": 1.0}),
        ({"labels": ("beep",), "segments": ((0, 3600 * 16_000, "beep"),), "spans": ()}, {"recordings": 1.0}),
        ({"labels": ("beep",), "spans": ((16_000, 3599 * 16_000),)}, {"extended": 1.0}),
        ({"labels": ()}, {"event_free": 1.0, "distractors_mean": 5.0}),
        ({"labels": (), "background": True}, {"event_free": 1.0, "silent_bed": 0.0, "real_beds": 1.0}),
    ],
    ids=["weak recording", "strong recording", "event", "distractor", "bed"],
)
def test_of_a_long_recording_only_what_is_used_is_read(use: dict[str, object], wanted: dict[str, float]) -> None:
    """Whatever it is used for."""
    corpus = Corpus(labels=("beep",), clips=(clip(LongSound(), **use),) * 100)
    mixer = SceneMixer(corpus, recipe(**wanted))
    assert any(mixer.mix(np.random.default_rng(seed)).audio.any() for seed in range(5))


def test_a_crop_of_a_recording_keeps_its_labels_in_place() -> None:
    """Wherever the crop lies in a long recording, the truth is where the beeps are."""
    audio = np.zeros(60 * 16_000, dtype=np.float32)
    segments = [(onset, onset + 11_200, "beep") for onset in range(16_000, 58 * 16_000, 49_600)]
    for onset, offset, _ in segments:
        audio[onset:offset] = tone(0.7, 1000.0)
    corpus = Corpus(labels=("beep",), clips=(clip(audio, segments=tuple(segments), spans=()),))
    made = recipe(recordings=1.0, snr_db_low=20.0)
    for seed in range(6):
        scene = SceneMixer(corpus, made).mix(np.random.default_rng(seed))
        levels = frame_levels(scene.audio, made)
        assert levels[scene.frames[:, 0] > 0.99].min() > 0.3 * levels.max()
        assert levels[np.convolve(scene.frames[:, 0] > 0.0, np.ones(5), mode="same") == 0].max() < 0.02 * levels.max()
        assert 1.0 == scene.frames_known.min()


def test_a_weak_recording_has_clip_labels_only() -> None:
    """Its class counts in the clip, but not in its frames; other classes are known to be absent."""
    weak = clip(tone(30.0, 1000.0), spans=())
    other = clip(tone(3.0, 500.0), labels=("other",), segments=((0, 48_000, "other"),))
    corpus = Corpus(labels=("beep", "other"), clips=(weak, other))
    made = recipe(recordings=1.0)
    scenes = [SceneMixer(corpus, made).mix(np.random.default_rng(seed)) for seed in range(20)]
    beeps = [scene for scene in scenes if scene.clip[0] == 1.0]
    assert 0 < len(beeps) < 20
    for scene in beeps:
        covered = frame_levels(scene.audio, made)[1:-1] > 1e-3
        assert 0.0 == scene.frames_known[1:-1, 0][covered].max(initial=0.0)
        assert 1.0 == scene.frames_known[:, 1].min()
        assert 0.0 == scene.frames.max()
        assert () == scene.events


def test_a_weak_label_counts_only_if_most_of_its_recording_is_left() -> None:
    """As much of a long recording as fits is in the scene; a label that a silent start may have removed is unknown."""
    long, short = (clip(tone(seconds, 1000.0), spans=()) for seconds in (60.0, 3.0))
    for sound, made in ((long, recipe(recordings=1.0)), (short, recipe(recordings=1.0, silent_start=1.0))):
        mixer = SceneMixer(Corpus(labels=("beep",), clips=(sound,)), made)
        for seed in range(40):
            scene = mixer.mix(np.random.default_rng(seed))
            heard = np.count_nonzero(frame_levels(scene.audio, made) > 1e-4)
            asked = scene.clip[0] * scene.clip_known[0]
            assert heard >= 150 if sound is long else (heard > 0 or asked == 0.0)


def test_an_event_between_other_labels_is_cut_out() -> None:
    """Only the beep is in the scene, not the loud sounds directly before and after it."""
    audio = np.concatenate([tone(1.0, 4000.0), 0.1 * tone(1.0, 1000.0), tone(1.0, 4000.0)])
    segments = ((0, 16_000, "other"), (16_000, 32_000, "beep"), (32_000, 48_000, "other"))
    both = clip(audio, labels=("beep", "other"), segments=segments, spans=())
    mixer = SceneMixer(Corpus(labels=("beep", "other"), clips=(both,)), recipe(events_mean=1.0, equalise_db=0.0))
    scenes = [mixer.mix(np.random.default_rng(seed)) for seed in range(12)]
    beeps = [scene for scene in scenes if scene.clip.tolist() == [1.0, 0.0]]
    assert 0 < len(beeps) < len(scenes)
    for scene in beeps:
        power = np.abs(np.fft.rfft(scene.audio)) ** 2
        hz = np.fft.rfftfreq(len(scene.audio), 1 / 16_000)
        assert power[hz > 3000].sum() < 1e-3 * power.sum()


def test_a_certain_label_outweighs_a_secondary_one() -> None:
    """A class that is an event of one clip and a secondary label of another counts."""
    builder = SceneBuilder(recipe(), 40, ("beep", "other"))
    audio = tone(0.5, 1000.0)
    builder.add(SceneSound(audio=audio, events=[(0.0, 8000.0, 0)], secondary=[1]), builder.context_samples)
    builder.add(SceneSound(audio=audio, events=[(0.0, 8000.0, 1)], weight=0.5), builder.context_samples + 16_000)
    assert [1.0, 0.5] == builder.scene().clip_known.tolist()


def test_distractors_are_mixed_without_labels() -> None:
    """Real ones, more often the more there are, and synthetic ones."""
    buzz = clip(tone(2.0, 300.0), labels=(), segments=(), spans=())
    made = recipe(event_free=1.0, distractors_mean=10.0, equalise_db=0.0, low_pass=0.0, speed_range=0.0)
    buzzing = []
    for count in (0, 30, 3000):
        corpus = Corpus(labels=("beep",), clips=beep_corpus().clips + (buzz,) * count)
        scenes = [SceneMixer(corpus, made).mix(np.random.default_rng(seed)) for seed in range(20)]
        assert all(np.abs(scene.audio).max() > 1e-4 for scene in scenes)
        assert 0.0 == max(scene.frames.max() for scene in scenes)
        buzzing.append(np.mean([share_of_band(scene.audio, 290.0, 310.0) for scene in scenes]))
    assert buzzing[0] < 0.1 < buzzing[1] < 0.9 < buzzing[2]


def test_a_long_background_gives_distractors_too() -> None:
    """As many as its windows would; seconds of it, so that what else is in a scene is not covered."""
    hum = clip(tone(320.0, 300.0), labels=(), segments=(), spans=(), background=True)
    corpus = Corpus(labels=("beep",), clips=(*beep_corpus().clips, hum))
    made = recipe(event_free=1.0, distractors_mean=1.0, equalise_db=0.0, low_pass=0.0, speed_range=0.0)
    scenes = [SceneMixer(corpus, made).mix(np.random.default_rng(seed)) for seed in range(40)]
    assert 0.2 < np.mean([share_of_band(scene.audio, 290.0, 310.0) > 0.9 for scene in scenes]) < 0.8
    assert np.mean([np.mean(frame_levels(scene.audio, made) < 1e-6) for scene in scenes]) > 0.5
    assert 0.0 == max(scene.frames.max() for scene in scenes)


def test_a_secondary_label_is_masked_and_a_rating_weighs() -> None:
    """Whether the other bird calls is unknown; a recording with a low rating counts less."""
    doubtful = clip(tone(3.0, 1000.0), spans=((0, 48_000),), secondary=("other",), weight=0.4)
    corpus = Corpus(labels=("beep", "other"), clips=(doubtful,))
    scene = SceneMixer(corpus, recipe(events_mean=1.0)).mix(np.random.default_rng(0))
    sounding = scene.frames[:, 0] > 0.99
    assert sounding.any()
    assert {np.float32(0.4)} == set(scene.frames_known[sounding, 0])
    assert 0.0 == scene.frames_known[sounding, 1].max()
    assert [np.float32(0.4), 0.0] == scene.clip_known.tolist()
    assert 1.0 == scene.frames_known[np.convolve(scene.frames[:, 0] > 0, np.ones(9), mode="same") == 0].min()


def test_a_sound_before_the_first_frame_is_not_an_event() -> None:
    """It is in the context only, which has no frames."""
    made = recipe()
    builder = SceneBuilder(made, 20, ("beep",))
    builder.add(SceneSound(audio=tone(0.1, 1000.0), weak=[0]), 0)
    scene = builder.scene()
    assert (0.0, 1.0) == (scene.clip[0], scene.clip_known[0])
    assert 0.0 < np.abs(scene.audio).max()


def test_the_list_of_events_agrees_with_the_truth() -> None:
    """In samples from the first frame on, also in a long scene, which has more of them."""
    made = recipe(events_mean=4.0)
    scene = SceneMixer(beep_corpus(), made, frames=1200).mix(np.random.default_rng(1))
    assert 10 < len(scene.events) < 60
    truth = np.zeros(1200)
    for onset, offset, label in scene.events:
        assert "beep" == label
        edges = np.arange(1201) * made.frame_samples
        truth = np.maximum(truth, np.clip((np.minimum(edges[1:], offset) - np.maximum(edges[:-1], onset)), 0, None))
    np.testing.assert_allclose(scene.frames[:, 0], truth / made.frame_samples, atol=1e-5)


def test_backgrounds_of_the_data_become_beds() -> None:
    """A hum that is repeated if it is short; it is not an event."""
    hum = clip(tone(4.0, 100.0), labels=(), spans=(), background=True)
    corpus = Corpus(labels=("beep",), clips=(*beep_corpus().clips, hum))
    made = recipe(silent_bed=0.0, event_free=1.0, real_beds=1.0, equalise_db=0.0, low_pass=0.0, speed_range=0.0)
    scene = SceneMixer(corpus, made).mix(np.random.default_rng(0))
    spectrum = np.abs(np.fft.rfft(scene.audio[:160_000]))
    assert 1000 == int(spectrum.argmax())  # bins of 0.1 Hz
    assert 0.0 == scene.frames.max()
    assert 1 == len(corpus.backgrounds) and 0 == len(corpus.distractors)
