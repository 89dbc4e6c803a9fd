"""Signals are ramps and beeps whose place can be read off, so that a label that stayed behind is seen."""

import dataclasses
from typing import Any

import pytest
import torch

from sed.recipe.config import Recipe
from sed.recipe.training_config import AugmentConfig
from sed.training.augment import (
    augment_audio,
    augment_logmel,
    filter_augment,
    mixup,
    random_gain,
    spec_augment,
    time_shift,
)
from sed.training.losses import Target

FRAMES, CLASSES = 20, 2
RECIPE = Recipe(name="x", augment=AugmentConfig(time_masks=3, time_mask_seconds=0.4, mel_masks=1, mel_mask_bins=9))
CONTEXT, P = RECIPE.context_samples, RECIPE.frame_samples


def beeps(batch: int) -> tuple[torch.Tensor, Target]:
    """Scenes that are loud in frames 3 to 7 for class 0, silent otherwise."""
    audio = torch.full((batch, CONTEXT + FRAMES * P), 1e-3)
    audio[:, CONTEXT + 3 * P : CONTEXT + 8 * P] = 0.5
    truth = torch.zeros(batch, FRAMES, CLASSES)
    truth[:, 3:8, 0] = 1.0
    return audio, Target(truth, torch.ones_like(truth), truth.amax(dim=1), torch.ones(batch, CLASSES))


def loud(audio: torch.Tensor) -> torch.Tensor:
    """Which frames are loud; `[batch, frames]`."""
    return audio[:, CONTEXT:].reshape(len(audio), -1, P).abs().amax(dim=2) > 0.1


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def test_a_shift_moves_sound_and_labels_together() -> None:
    """By whole frames, every scene by its own number, nothing lost."""
    audio, target = beeps(30)
    shifted, moved = time_shift(audio, target, CONTEXT, probability=1.0)
    assert torch.equal(loud(shifted), moved.frames[:, :, 0] == 1.0)
    assert torch.equal(target.frames.sum(dim=1), moved.frames.sum(dim=1))
    assert len({tuple(scene.tolist()) for scene in moved.frames[:, :, 0]}) > 10


def test_a_shift_keeps_the_past_of_every_frame() -> None:
    """What preceded a frame's first sample still does, the context included."""
    audio = torch.arange(CONTEXT + FRAMES * P, dtype=torch.float64).unsqueeze(0) - CONTEXT
    target = beeps(1)[1]
    shifted, _ = time_shift(audio, target, CONTEXT, probability=1.0)
    steps = torch.diff(shifted[0])
    assert FRAMES * P - 1 == -int(steps.min())  # the seam
    assert 1 == int((steps != 1).sum())


def test_a_mixture_holds_both_scenes_by_their_shares() -> None:
    """Soft labels add up to one scene; hard ones count in full; the level stays near that of the scenes."""
    audio, target = beeps(40)
    other = target.frames.clone()
    other[1::2] = other[1::2].flip(2)  # every second scene holds the other class
    target = target._replace(frames=other, clip=other.amax(dim=1))
    mixed, soft = mixup(audio, target, probability=1.0, hard=False)
    torch.testing.assert_close(soft.frames.sum(dim=2), target.frames.sum(dim=2))
    assert ((soft.frames[:, 3, 0] > 0) & (soft.frames[:, 3, 0] < 1)).all()
    assert (mixed.abs().amax(dim=1) < 0.75).all()
    _, hard = mixup(audio, target, probability=1.0, hard=True)
    assert torch.equal(hard.frames[:, 3], torch.ones(40, 2))


def test_a_mixture_sounds_as_its_labels_say() -> None:
    """Two tones, one ten times as loud: the share that is heard of each is the share of its label."""
    time = torch.arange(16_000) / 16_000
    audio = torch.stack([torch.sin(2 * torch.pi * 1000 * time), 0.1 * torch.sin(2 * torch.pi * 3000 * time)])
    truth = torch.eye(2)[:, None, :].expand(2, FRAMES, 2)
    mixed, soft = mixup(audio, Target(truth, torch.ones_like(truth), torch.eye(2), torch.ones(2, 2)), 1.0, hard=False)
    spectrum = torch.fft.rfft(mixed).abs()
    heard = torch.stack([spectrum[:, 1000] / 1.0, spectrum[:, 3000] / 1.0], dim=1)
    torch.testing.assert_close(heard / heard.sum(dim=1, keepdim=True), soft.clip, atol=1e-3, rtol=0)


def test_a_silent_scene_is_not_mixed() -> None:
    """The other would be as silent, and its labels of nothing."""
    audio, target = beeps(2)
    audio[1] = 0.0
    assert torch.equal(audio, mixup(audio, target, probability=1.0, hard=True)[0])


def test_a_mixture_knows_only_what_both_scenes_know() -> None:
    """A class that is unknown in either is unknown in both together; an unmixed scene keeps its own."""
    audio, target = beeps(6)
    known = target.frames_known.clone()
    known[0, :, 1] = 0.0
    target = target._replace(frames_known=known)
    assert [0, 0, 1, 1, 1, 1] == mixup(audio, target, 1.0, True)[1].frames_known[:, 5, 1].tolist()
    assert torch.equal(known, mixup(audio, target, 0.0, True)[1].frames_known)


def test_a_gain_is_within_its_limits() -> None:
    """Each scene its own, nothing beyond full scale."""
    audio, _ = beeps(50)
    gains_db = 20 * torch.log10(random_gain(audio, 6.0)[:, 0] / audio[:, 0])
    assert 5.0 < gains_db.abs().max() <= 6.0
    assert random_gain(torch.ones(20, 5), 12.0).max() <= 1.0


def test_a_filter_colours_bins_and_not_time() -> None:
    """Within ±db, the same in every frame, other in every spectrogram."""
    logmel = torch.randn(4, 1, 50, 64)
    gains = filter_augment(logmel, 6.0) - logmel
    assert gains.abs().max() <= 6.0
    torch.testing.assert_close(gains, gains[:, :, :1].expand_as(gains), atol=1e-5, rtol=0)
    assert not torch.allclose(gains[0], gains[1])


def test_stripes_hold_the_least_value_and_their_frames_count_less() -> None:
    """A frame counts by the share of it that no stripe of time hides; stripes of mel bins hide no frame."""
    stride, context = RECIPE.network.time_stride, 14
    logmel = torch.randn(60, 1, context + FRAMES * stride, 64)
    target = beeps(60)[1]
    masked, left = spec_augment(logmel, target, RECIPE)
    least = logmel.amin(dim=(1, 2, 3), keepdim=True)
    assert ((masked == logmel) | (masked == least)).all()
    hidden = (masked == least).all(dim=3)[:, 0, context:].reshape(60, FRAMES, stride).float().mean(dim=2)
    torch.testing.assert_close(left.frames_known[:, :, 0], 1.0 - hidden)
    assert 0.0 < hidden.mean() < 0.5
    gone = hidden[:, 3:8].amin(dim=1) == 1.0
    assert torch.equal(gone, left.clip_known[:, 0] == 0.0)
    assert gone.any()


def test_a_recipe_that_asks_for_nothing_changes_nothing() -> None:
    """It gives back what it is given."""
    audio, target = beeps(4)
    logmel = torch.randn(4, 1, 14 + FRAMES * 4, 64)
    nothing = Recipe(name="x", augment=AugmentConfig(**NOTHING))
    same_audio, same_target = augment_audio(audio, target, nothing)
    same_logmel, _ = augment_logmel(logmel, target, nothing)
    assert same_audio is audio and same_target is target and same_logmel is logmel


NOTHING: dict[str, Any] = {"filter_augment_db": 0.0, "mel_masks": 0}
ALL_LABELS = {"frames", "frames_known", "clip", "clip_known"}
# Each setting, what it needs beside it, and what it changes.
SETTINGS: list[tuple[dict[str, Any], dict[str, Any], set[str]]] = [
    ({"gain_db": 6.0}, {}, {"audio"}),
    ({"time_shift": 1.0}, {}, {"audio", "frames", "frames_known"}),
    ({"mixup": 1.0}, {}, {"audio"} | ALL_LABELS),
    ({"mixup_labels": "hard"}, {"mixup": 1.0}, {"frames", "clip"}),
    ({"filter_augment_db": 6.0}, {}, {"logmel"}),
    ({"mel_masks": 1}, {}, {"logmel"}),
    ({"mel_mask_bins": 40}, {"mel_masks": 1}, {"logmel"}),
    ({"time_masks": 4}, {}, {"logmel", "frames_known", "clip_known"}),
    ({"time_mask_seconds": 1.0}, {"time_masks": 4}, {"logmel", "frames_known", "clip_known"}),
]


@pytest.mark.parametrize(("setting", "beside", "expected"), SETTINGS, ids=[next(iter(case[0])) for case in SETTINGS])
def test_a_setting_changes_what_it_is_for(setting: dict[str, Any], beside: dict[str, Any], expected: set[str]) -> None:
    """Sound, spectrogram or labels, nothing else, and never what it was given."""
    audio, target = beeps(20)
    logmel = torch.randn(20, 1, 14 + FRAMES * 4, 64)
    for part in target:
        part[::2] = part[::2].flip(-1)  # every second scene holds the other class
    target.frames_known[::3, :9], target.clip_known[::3] = 0.5, 0.5
    given = {"audio": audio, "logmel": logmel, **target._asdict()}
    before = {name: part.clone() for name, part in given.items()}
    made = []
    for values in (NOTHING | beside, NOTHING | beside | setting):
        torch.manual_seed(0)
        recipe = Recipe(name="x", augment=AugmentConfig(**values))
        changed, labels = augment_audio(audio, target, recipe)
        spectrogram, labels = augment_logmel(logmel, labels, recipe)
        made.append({"audio": changed, "logmel": spectrogram, **labels._asdict()})
    assert expected == {name for name in given if not torch.equal(made[0][name], made[1][name])}
    assert all(torch.equal(before[name], given[name]) for name in given)


def test_every_setting_is_tried() -> None:
    """Above."""
    assert [field.name for field in dataclasses.fields(AugmentConfig)] == [next(iter(case[0])) for case in SETTINGS]
