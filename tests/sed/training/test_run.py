import csv
from pathlib import Path
from typing import Any, ClassVar

import pytest
import soundfile
import torch

from sed.network.checkpoint import Checkpoint, load_checkpoint
from sed.training.module import TrainingModule
from sed.training.run import train_network
from tests.conftest import TINY_RECIPE
from tests.sed.training.runs import losses, tiny_module, train


def test_a_run_writes_a_checkpoint_and_its_metrics(tiny_run: Path, tiny_checkpoint: Checkpoint) -> None:
    """What was trained, on what, and how the losses went."""
    assert ("chainsaw", "rooster") == tiny_checkpoint.labels
    assert not tiny_checkpoint.detector.training
    training = {"description": "", "data": "cuts of the demo recording", "clips": 2, "folds": [1], "seed": 1}
    assert training | {"steps": 4} == tiny_checkpoint.training
    with (tiny_run / "metrics.csv").open() as file:
        losses = [row["validation_loss"] for row in csv.DictReader(file) if row["validation_loss"]]
    assert 2 == len(losses)


def test_a_run_without_improvement_stops_early_with_its_best_weights(clips: Path, tmp_path: Path) -> None:
    """Each step makes it worse here, so the first validation is the best one."""
    recipe = tmp_path / "tiny.toml"
    changes = 'steps = 40\nselect = "loss"\npatience = 2\nlearning_rate = 3.0\nema_decay = 0.01'
    recipe.write_text(
        TINY_RECIPE.replace("steps = 4", changes).replace("validate_every_steps = 2", "validate_every_steps = 1")
    )
    done = train(recipe, "--data", clips, "--out", tmp_path / "out")
    assert 0 == done.exit_code, done.stderr
    figures = losses(tmp_path / "out", "validation_loss")
    best = figures.index(min(figures))
    assert best + 3 == len(figures) < 40
    kept = torch.load(tmp_path / "out" / "best.ckpt", weights_only=True)
    assert best + 1 == kept["global_step"]
    weights = load_checkpoint(tmp_path / "out" / "model.ckpt").detector.state_dict()
    assert torch.equal(
        kept["state_dict"]["detector.head.classify_coarse.weight"], weights["head.classify_coarse.weight"]
    )


class Scripted(TrainingModule):
    """Every metric of its validations is 0.1, then 0.5, then 0.3."""

    def log(self, name: str, value: Any, **named: Any) -> None:
        figures = (0.1, 0.5, *[0.3] * 10)
        super().log(name, figures[self.current_epoch] if name.startswith("validation_") else value, **named)


@pytest.mark.parametrize(("select", "best"), [("frame_map", 2), ("frame_f1", 2), ("loss", 1)])
def test_the_best_is_the_greatest_metric_or_the_smallest_loss(
    clips: Path, tmp_path: Path, select: str, best: int
) -> None:
    """Its weights are kept, and patience counts from there."""
    module = tiny_module(clips, Scripted, select=select, patience=2, steps=10, validate_every_steps=1)
    train_network(module, tmp_path, False)
    steps = [torch.load(tmp_path / name, weights_only=True)["global_step"] for name in ("best.ckpt", "last.ckpt")]
    assert [best, best + 2] == steps


def test_a_run_without_validation_keeps_its_last_weights(clips: Path, tmp_path: Path) -> None:
    """As the final model on all folds."""
    recipe = tmp_path / "tiny.toml"
    folds = TINY_RECIPE.replace("train_folds = [1]", "train_folds = [1, 2]").replace(
        "validation_folds = [2]", "validation_folds = []"
    )
    recipe.write_text(folds.replace("steps = 4", 'steps = 4\nselect = "last"'))
    done = train(recipe, "--data", clips, "--out", tmp_path / "out")
    assert 0 == done.exit_code, done.stderr
    assert 4 == load_checkpoint(tmp_path / "out" / "model.ckpt").training["clips"]


def test_tensorboard_has_curves_and_pictures(tiny_run: Path) -> None:
    """Read by TensorBoard's own reader."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(tiny_run / "tensorboard"))
    events.Reload()
    assert {"loss", "validation_loss", "validation_frame_map", "validation_frame_f1"} <= set(events.Tags()["scalars"])
    pictures = events.Images("scores against truth/scene 1")
    assert 2 == len(pictures)
    assert pictures[0].width > 4 * pictures[0].height > 0


def test_gradients_are_clipped(clips: Path, tmp_path: Path) -> None:
    """To the recipe's norm, which the first steps would exceed."""

    class Watched(TrainingModule):
        norms: ClassVar[list[tuple[float, float]]] = []

        def configure_gradient_clipping(self, *arguments: Any, **named: Any) -> None:
            before = self.norm()
            super().configure_gradient_clipping(*arguments, **named)
            self.norms.append((before, self.norm()))

        def norm(self) -> float:
            return float(torch.stack([p.grad.norm() for p in self.parameters() if p.grad is not None]).norm())

    train_network(tiny_module(clips, Watched, gradient_clip=0.25), tmp_path / "out", False)
    assert 4 == len(Watched.norms)
    assert all(before > 0.25 >= after - 1e-4 for before, after in Watched.norms)


def test_weights_are_averaged_by_the_decay(clips: Path, tmp_path: Path) -> None:
    """With a decay of 0 the average is the latest weights; else it lies behind them."""
    behind = []
    for decay in (0.0, 0.9):
        out = tmp_path / str(decay)
        train_network(tiny_module(clips, ema_decay=decay, learning_rate=0.1), out, False)
        saved = torch.load(out / "last.ckpt", weights_only=True)
        name = "detector.head.classify_coarse.weight"
        behind.append(float((saved["state_dict"][name] - saved["current_model_state"][name]).abs().max()))
    assert 0.0 == behind[0] < behind[1]


def test_averaging_begins_after_the_warm_up(clips: Path, tmp_path: Path) -> None:
    """So that no validation uses an untrained network; until then the average is the current weights."""

    class Watched(TrainingModule):
        trained: ClassVar[list[torch.Tensor]] = []
        validated: ClassVar[list[torch.Tensor]] = []

        def on_train_batch_end(self, *_: Any) -> None:
            self.trained.append(self.detector.head.classify_coarse.weight.detach().clone())

        def on_validation_epoch_start(self) -> None:
            self.validated.append(self.detector.head.classify_coarse.weight.detach().clone())

    changes = {"steps": 6, "warmup_steps": 3, "validate_every_steps": 1, "learning_rate": 0.1, "ema_decay": 0.9}
    train_network(tiny_module(clips, Watched, **changes), tmp_path, False)
    alike = [torch.equal(*weights) for weights in zip(Watched.trained, Watched.validated, strict=True)]
    assert [True] * 4 + [False] * 2 == alike


def test_a_run_that_diverges_is_an_error(clips: Path, tmp_path: Path) -> None:
    """Weights that are not finite are not written as a model."""
    (tmp_path / "tiny.toml").write_text(
        TINY_RECIPE.replace("steps = 4", 'steps = 4\nselect = "last"\nlearning_rate = 1e30')
    )
    done = train(tmp_path / "tiny.toml", "--data", clips, "--out", tmp_path / "out")
    assert 2 == done.exit_code
    assert "its weights are not finite; lower [training] learning_rate" in done.stderr.splitlines()[-1]
    assert not (tmp_path / "out" / "model.ckpt").exists()


def test_the_weights_follow_from_the_seed(clips: Path, tmp_path: Path, tiny_checkpoint: Checkpoint) -> None:
    """The same seed gives the same weights, another seed other ones."""
    for seed, same in (("1", True), ("2", False)):
        (tmp_path / "tiny.toml").write_text(TINY_RECIPE.replace("[training]", f"[training]\nseed = {seed}"))
        assert 0 == train(tmp_path / "tiny.toml", "--data", clips, "--out", tmp_path / seed).exit_code
        weights = load_checkpoint(tmp_path / seed / "model.ckpt").detector.state_dict()
        equal = all(
            torch.equal(tensor, weights[name]) for name, tensor in tiny_checkpoint.detector.state_dict().items()
        )
        assert same == equal


def test_labels_that_no_scene_contains_are_refused(tmp_path: Path) -> None:
    """Weak labels only, and a recipe without whole recordings: refused before anything is written."""
    (tmp_path / "data").mkdir()
    for number in range(4):
        soundfile.write(tmp_path / "data" / f"{number}.wav", [0.1, -0.1] * 16_000, 16_000)
    rows = "".join(f"{number}.wav\tcat,dog\n" for number in range(4))
    (tmp_path / "data" / "weak.tsv").write_text("filename\tevent_labels\n" + rows)
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(TINY_RECIPE.replace("train_folds = [1]\nvalidation_folds = [2]", "validation_folds = [5]"))
    done = train(recipe, "--data", tmp_path / "data", "--out", tmp_path / "out")
    assert 1 == done.exit_code
    assert "in folds 1, 4 no event of cat, dog sounds alone, so none can be cut out" in done.stderr.splitlines()[-1]
    assert not (tmp_path / "out").exists()
    recipe.write_text(recipe.read_text().replace("[scenes]\n", "[scenes]\nrecordings = 0.5\n"))
    assert 0 == train(recipe, "--data", tmp_path / "data", "--out", tmp_path / "out").exit_code
