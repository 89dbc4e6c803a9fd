import numpy as np
import pytest

from sed.data.corpus import Corpus
from sed.scenes.soundscapes import SceneMixer
from tests.sed.scenes.sounds import beep_corpus, clip, frame_levels, noise, recipe, share_of_band, spread_db, tone


def test_events_are_played_faster_and_slower() -> None:
    """Within `speed_range`; the pitch changes with the speed."""
    plain = {"events_mean": 1.0, "equalise_db": 0.0, "low_pass": 0.0}
    for speed_range, slowest, fastest in ((0.0, 1.0, 1.0), (0.4, 0.9, 1.1)):
        factors = []
        for seed in range(20):
            scene = SceneMixer(beep_corpus(), recipe(speed_range=speed_range, **plain)).mix(np.random.default_rng(seed))
            [(onset, offset, _)] = scene.events
            factors.append(16_000 / (offset - onset))
            spectrum = np.abs(np.fft.rfft(scene.audio))
            pitch_hz = spectrum.argmax() * 16_000 / len(scene.audio)
            assert 1000.0 * factors[-1] == pytest.approx(pitch_hz, rel=0.01)
        assert 1 / (1.0 + speed_range) <= min(factors) <= slowest
        assert fastest <= max(factors) <= 1.0 + speed_range


def test_a_continuous_sound_may_be_extended_beyond_its_clip() -> None:
    """If the recipe asks for it; its truth is extended too."""
    even = clip(tone(3.0, 1000.0), spans=((0, 48_000),))
    corpus = Corpus(labels=("beep",), clips=(even,))
    for extended, is_longer in ((0.0, False), (1.0, True)):
        made = recipe(extended=extended, events_mean=1.0, speed_range=0.0)
        scenes = [SceneMixer(corpus, made).mix(np.random.default_rng(seed)) for seed in range(20)]
        lengths = [offset - onset for scene in scenes for onset, offset, _ in scene.events]
        assert is_longer == (max(lengths) > 48_000)
        for scene in scenes:
            levels = frame_levels(scene.audio, made)
            assert levels[scene.frames[:, 0] > 0.99].min(initial=np.inf) > 0.1 * levels.max()


@pytest.mark.parametrize(
    ("use", "wanted"),
    [
        ({}, {}),
        ({"labels": ()}, {"event_free": 1.0, "distractors_mean": 5.0}),
        ({"labels": (), "background": True}, {"event_free": 1.0, "silent_bed": 0.0, "real_beds": 1.0}),
    ],
    ids=["event", "distractor", "bed"],
)
def test_every_sound_is_coloured(use: dict[str, object], wanted: dict[str, float]) -> None:
    """By the equaliser and the low-pass, as the recipe says."""
    corpus = Corpus(labels=("beep",), clips=(clip(noise(10.0), **use),) * 1000)
    spreads = []
    for equalise_db, low_pass in ((0.0, 0.0), (20.0, 0.0), (0.0, 1.0)):
        made = recipe(speed_range=0.0, equalise_db=equalise_db, low_pass=low_pass, **wanted)
        scenes = [SceneMixer(corpus, made).mix(np.random.default_rng(seed)) for seed in range(11)]
        spreads.append(np.median([spread_db(scene.audio[:160_000]) for scene in scenes]))
    plain, equalised, low_passed = spreads
    assert plain < 2.0
    assert min(equalised, low_passed) > 5.0


def test_events_and_distractors_are_processed_alike() -> None:
    """The same noise gives the same spectrum, band by band: else a network could recognise the processing."""
    spectra = []
    for use, wanted in (({}, {}), ({"labels": (), "spans": ()}, {"event_free": 1.0, "distractors_mean": 5.0})):
        corpus = Corpus(labels=("beep",), clips=(clip(noise(10.0), **use),) * 1000)
        made = recipe(equalise_db=0.0, low_pass=0.0, **wanted)
        scenes = [SceneMixer(corpus, made).mix(np.random.default_rng(seed)) for seed in range(40)]
        shares = [[share_of_band(scene.audio, hz, hz + 500.0) for hz in range(4000, 8000, 500)] for scene in scenes]
        spectra.append(np.mean(shares, axis=0))
    np.testing.assert_allclose(10 * np.log10(spectra[0] / spectra[1]), 0.0, atol=1.5)


def test_levels_are_what_the_recipe_says() -> None:
    """An event has this SNR over the bed."""
    made = recipe(
        silent_bed=0.0, bed_db_low=-50.0, bed_db_high=-50.0, snr_db_low=20.0, snr_db_high=20.0, events_mean=1.0
    )
    for seed in range(5):
        scene = SceneMixer(beep_corpus(), made).mix(np.random.default_rng(seed))
        levels = 10 * np.log10(np.mean(scene.audio[made.context_samples :].reshape(200, -1) ** 2, axis=1) + 1e-12)
        assert -50.0 == pytest.approx(np.median(levels[scene.frames[:, 0] == 0.0]), abs=3.0)
        assert -30.0 == pytest.approx(np.median(levels[scene.frames[:, 0] == 1.0]), abs=4.0)


def test_a_sound_is_extended_only_by_clips_with_the_same_labels() -> None:
    """Never by a clip with a secondary label, which would be trained on as absent."""
    sure = clip(tone(3.0, 1000.0), spans=((0, 48_000),))
    doubtful = clip(tone(3.0, 3000.0), spans=((0, 48_000),), secondary=("other",), weight=0.4)
    corpus = Corpus(labels=("beep", "other"), clips=(sure, doubtful))
    made = recipe(events_mean=1.0, extended=1.0, speed_range=0.0, equalise_db=0.0, low_pass=0.0)
    heard = set()
    for seed in range(60):
        scene = SceneMixer(corpus, made).mix(np.random.default_rng(seed))
        high = share_of_band(scene.audio, 2500.0, 3500.0)
        assert min(high, 1.0 - high) < 0.05
        heard.add((high > 0.5, float(scene.clip_known[1])))
    assert {(False, 1.0), (True, 0.0)} == heard
