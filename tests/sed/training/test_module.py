import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import default_collate

from sed.network.checkpoint import Checkpoint, load_checkpoint, make_card, save_checkpoint
from sed.network.detector import Prediction
from sed.recipe.training_config import AugmentConfig
from sed.training.module import SceneDataset, TrainingModule
from sed.training.run import train_network
from tests.sed.network.encoders import encoder_recipe
from tests.sed.training.runs import module_of, tiny_module


def test_the_rate_rises_linearly_and_falls_by_a_cosine(clips: Path) -> None:
    """From near 0 to the recipe's rate, and down to 0 at the last step."""
    module = tiny_module(clips, steps=110, warmup_steps=10, validate_every_steps=11)
    training = module.recipe.training
    optimisers = module.configure_optimizers()
    optimiser, schedule = optimisers["optimizer"], optimisers["lr_scheduler"]["scheduler"]
    rates = []
    for _ in range(training.steps):
        rates.append(optimiser.param_groups[0]["lr"] / training.learning_rate)
        optimiser.step()
        schedule.step()
    assert [0.1, 0.5, 1.0] == pytest.approx([rates[0], rates[4], rates[9]])
    assert 0.5 == pytest.approx(rates[60])
    assert 0.0 <= rates[-1] < 0.001
    assert rates[9:] == sorted(rates[9:], reverse=True)


def test_the_frontend_stays_in_fp32_under_mixed_precision(clips: Path) -> None:
    """The spectrograms are the same to the bit, and a network in bf16 returns logits in fp32."""
    module = tiny_module(clips).eval()
    audio = 0.1 * torch.randn(2, module.recipe.context_samples + 40 * module.recipe.frame_samples)
    plain = module.logmel(audio)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        mixed = module.logmel(audio)
        frames = module.predict(mixed).frames
    assert torch.equal(plain, mixed)
    assert torch.float32 == frames.dtype
    assert not torch.equal(frames, module.predict(plain).frames)


@pytest.mark.parametrize(("precision", "dtype"), [("32-true", torch.float32), ("bf16-mixed", torch.bfloat16)])
def test_the_network_computes_in_the_precision_of_the_recipe(
    clips: Path, tmp_path: Path, precision: str, dtype: torch.dtype
) -> None:
    """In training and in validation; the frontend stays in fp32."""
    module = tiny_module(clips, precision=precision)
    dtypes, frontend_mixes = set(), set()
    module.detector.embedder.project.register_forward_hook(lambda *parts: dtypes.add(parts[-1].dtype))
    module.detector.frontend.register_forward_hook(lambda *_: frontend_mixes.add(torch.is_autocast_enabled("cpu")))
    train_network(module, tmp_path / "out", False)
    assert ({dtype}, {False}) == (dtypes, frontend_mixes)


@pytest.mark.skipif(torch.cuda.is_available(), reason="what a machine without a GPU does")
def test_half_precision_is_for_a_gpu(clips: Path, tmp_path: Path) -> None:
    """A CPU uses bfloat16 instead, with a warning."""
    with pytest.warns(UserWarning, match="fp16 is not supported on CPU. Using `precision='bf16-mixed'`"):
        train_network(tiny_module(clips, precision="16-mixed"), tmp_path / "out", False)


def test_weights_decay_as_the_recipe_says(clips: Path) -> None:
    """Of AdamW: with no gradient at all they shrink by rate times decay."""
    module = tiny_module(clips, weight_decay=0.5, learning_rate=0.1, steps=10, warmup_steps=1, validate_every_steps=5)
    optimiser = module.configure_optimizers()["optimizer"]
    before = [parameter.detach().clone() for parameter in module.parameters()]
    for parameter in module.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimiser.step()
    for parameter, old in zip(module.parameters(), before, strict=True):
        torch.testing.assert_close(parameter.detach(), old * (1 - 0.1 * 0.5))


class InputRecorder(TrainingModule):
    """Keeps the inputs of the frontend and of the network."""

    def logmel(self, audio: torch.Tensor) -> torch.Tensor:
        self.inputs = [audio]
        return super().logmel(audio)

    def predict(self, logmel: torch.Tensor, vectors: torch.Tensor | None = None) -> Prediction:
        self.inputs.append(logmel)
        return super().predict(logmel, vectors)

    def log(self, *_: Any, **__: Any) -> None:
        """There is no trainer to log to."""


def test_training_augments_as_the_recipe_says(clips: Path) -> None:
    """Augmentation of audio and of spectrograms reaches the network."""
    inputs = []
    for db in (0.0, 12.0):
        module = tiny_module(clips, InputRecorder)
        augment = AugmentConfig(gain_db=db, filter_augment_db=db, mel_masks=0)
        module.recipe = dataclasses.replace(module.recipe, augment=augment)
        scenes = SceneDataset(module.mixer, (1, 0), 0, 2)
        module.training_step(default_collate([scenes[0], scenes[1]]))
        inputs.append(module.inputs)
        assert isinstance(module.configure_optimizers()["optimizer"], torch.optim.AdamW)
    (plain_audio, plain), (changed_audio, changed) = inputs
    assert torch.equal(plain, module.logmel(plain_audio))
    assert not torch.equal(plain_audio, changed_audio)
    assert not torch.equal(module.logmel(changed_audio), changed)


def test_a_network_with_an_encoder_is_trained_and_kept(clips: Path, tmp_path: Path) -> None:
    """Only its projection is: the checkpoint gives the same scores where the encoder's file is gone."""
    recipe = encoder_recipe(tmp_path)
    module = module_of(recipe, clips)
    before = module.detector.encoder.project.weight.clone()
    train_network(module, tmp_path / "out", False)
    assert (module.detector.encoder.project.weight - before).abs().max() > 0
    for path in tmp_path.glob("encoder.*"):
        path.unlink()
    trained = Checkpoint(recipe=recipe, labels=module.labels, detector=module.detector)
    save_checkpoint(tmp_path / "model.ckpt", trained)
    audio = 0.1 * torch.randn(1, recipe.context_samples + 20 * recipe.frame_samples)
    again = load_checkpoint(tmp_path / "model.ckpt")
    torch.testing.assert_close(trained.detector(audio).frames, again.detector(audio).frames)
    assert {"name": "encoder", "source": "random numbers", "licence": "CC0"} == make_card(again).training["encoder"]
