"""The spectrogram of the page is that of the model."""

from fractions import Fraction

import numpy as np
import pytest
import soxr
import torch
from numpy.typing import NDArray

from edge.model.inference import Model
from edge.outputs.output import Sound
from edge.outputs.web.page.log_mel import LOW_DB, STEP_DB, MelColumns
from edge.sources.source import Block, Gap
from sed.network.frontend import LogMel
from sed.recipe.config import FrontendConfig

BLOCK = 800


def sounds(audio: NDArray[np.float32]) -> list[Sound]:
    """A recording in blocks of a twentieth of a second."""
    return [
        Sound("porch", Block(audio[at : at + BLOCK, None], 16_000), Fraction(at, 16_000), 0.0)
        for at in range(0, len(audio), BLOCK)
    ]


def test_columns_are_the_frontend_s(model: Model, demo_audio: NDArray[np.float32]) -> None:
    """Each is the mean power of every fourth of its hops, to the step of a byte; pieces change nothing."""
    config = FrontendConfig(**model.card.frontend)
    audio = demo_audio[: 5 * 16_000]
    mel = MelColumns(model.card.frontend, model.card.sample_rate)
    pushed = [mel.push([sound]) for sound in sounds(audio)]
    columns = np.concatenate([one for pieces in pushed for _, one in pieces])
    assert (49, 64) == columns.shape
    begins = [begin for pieces in pushed for begin, _ in pieces]
    assert [round(0.1 * number, 6) for number in range(49)] == [round(begin, 6) for begin in begins]
    hops = (len(audio) - config.overlap_samples) // config.hop_length
    tensor = torch.from_numpy(audio[None, : config.overlap_samples + hops * config.hop_length].copy())
    decibels = LogMel(config)(tensor).numpy()[0, 0, : 49 * 8]
    expected = 10 * np.log10((10 ** (decibels / 10)).reshape(49, 8, 64)[:, ::4].mean(axis=1))
    assert np.abs(columns * STEP_DB + LOW_DB - expected).max() == pytest.approx(STEP_DB / 2, abs=0.05)


def test_it_goes_on_after_a_gap(demo_audio: NDArray[np.float32]) -> None:
    """In its place; a model that does not say how it sees has a common spectrogram."""
    mel = MelColumns({"name": "another"}, 16_000)
    before, after = sounds(demo_audio[:16_000]), sounds(demo_audio[16_000:32_000])
    later = [sound._replace(begin_seconds=sound.begin_seconds + 3) for sound in after]
    done = mel.push([*before, Sound("porch", Gap(2.0, "device"), Fraction(1), 0.0), *later])
    assert [(0.0, 9), (3.0, 9)] == [(begin, len(columns)) for begin, columns in done]


def test_sound_of_another_rate_looks_alike(model: Model) -> None:
    """Noise at 44.1 kHz in two channels: every band but the highest has its level, to a decibel and a half."""
    noise = 0.1 * np.random.default_rng(5).standard_normal(20 * 16_000).astype(np.float32)
    levels = []
    for rate in (16_000, 44_100):
        resampled = soxr.resample(noise, 16_000, rate)
        mel = MelColumns(model.card.frontend, model.card.sample_rate)
        ((begin, columns),) = mel.push([Sound("porch", Block(np.stack([resampled] * 2, 1), rate), Fraction(0), 0.0)])
        levels.append(10 * np.log10(np.mean(10 ** (columns * STEP_DB / 10), axis=0)))
        assert (0.0, 199) == (begin, len(columns))
    assert np.abs(levels[0] - levels[1])[:-2].max() < 1.5
