import csv
import dataclasses
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from contextlib import ExitStack
from pathlib import Path
from typing import Any, ClassVar

import pytest
import soundfile
import torch
from click.testing import Result
from torch.utils.data import default_collate

from sed.cli.train import train as sed_train
from sed.data.corpus import load_corpus
from sed.network.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from sed.network.detector import Prediction
from sed.recipe.config import DecodingConfig, Recipe
from sed.recipe.training_config import AugmentConfig
from sed.training.module import SceneDataset, TrainingModule
from sed.training.run import train_network
from tests.conftest import ROOT, TINY_RECIPE, command, invoke
from tests.edge.live.servers import free_port
from tests.sed.cuts import DOG, ROOSTER, write_cut


def train(*arguments: object) -> Result:
    """Run sed-train in this process."""
    return invoke(sed_train, *arguments)


def train_and_kill(recipe: Path, clips: Path, out: Path) -> None:
    """Begin a run, and kill it after its first checkpoint."""
    with subprocess.Popen(
        [command("sed-train"), recipe, "--data", clips, "--out", out], stderr=subprocess.DEVNULL
    ) as process:
        while not (out / "last.ckpt").exists():
            assert process.poll() is None
            time.sleep(0.01)
        process.kill()


def test_a_run_leaves_a_checkpoint_and_its_figures(tiny_run: Path, tiny_checkpoint: Checkpoint) -> None:
    """What was trained, on what, and how the losses went."""
    assert ("chainsaw", "rooster") == tiny_checkpoint.labels
    assert not tiny_checkpoint.detector.training
    training = {"description": "", "data": "cuts of the demo recording", "clips": 2, "folds": [1], "seed": 1}
    assert training | {"steps": 4} == tiny_checkpoint.training
    with (tiny_run / "metrics.csv").open() as file:
        losses = [row["validation_loss"] for row in csv.DictReader(file) if row["validation_loss"]]
    assert 2 == len(losses)


def test_a_killed_run_resumes_and_ends_as_an_unbroken_one(clips: Path, tmp_path: Path) -> None:
    """Killed after its first checkpoint and resumed, it leaves the same weights to the bit, whatever is random."""
    recipe = tmp_path / "tiny.toml"
    changes = (
        'steps = 12\nprecision = "bf16-mixed"\n[augment]\nmixup = 0.5\ntime_shift = 0.5\ngain_db = 6.0\ntime_masks = 1'
    )
    recipe.write_text(TINY_RECIPE.replace("steps = 4", "").replace("workers = 0", "workers = 1") + changes)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert 0 == train(recipe, "--data", clips, "--out", whole).exit_code
    train_and_kill(recipe, clips, broken)
    assert not (broken / "model.ckpt").exists()
    done = train(recipe, "--data", clips, "--out", broken, "--resume")
    assert 0 == done.exit_code, done.stderr
    assert "" == done.stdout
    expected, actual = (load_checkpoint(folder / "model.ckpt").detector.state_dict() for folder in (whole, broken))
    for name, weights in expected.items():
        assert torch.equal(weights, actual[name]), name


def test_a_folder_that_holds_a_run_is_not_overwritten(tiny_run: Path, clips: Path, tmp_path: Path) -> None:
    """Unless the run is to go on."""
    (tmp_path / "tiny.toml").write_text(TINY_RECIPE)
    before = (tiny_run / "model.ckpt").read_bytes()
    done = train(tmp_path / "tiny.toml", "--data", clips, "--out", tiny_run)
    assert 2 == done.exit_code
    assert "already has a run; give --resume" in done.stderr
    assert before == (tiny_run / "model.ckpt").read_bytes()


@pytest.mark.parametrize(
    ("recipe", "data", "more", "code", "message"),
    [
        ("none.toml", "{clips}", [], 2, "none.toml: cannot be read"),
        ("tiny.toml", "{tmp}", [], 1, "has no layout of labels that is known"),
        ("tiny.toml", "{clips}", ["--resume"], 2, "has no last.ckpt to resume from"),
        ("tiny.toml", "{clips}", ["--validation", "{tmp}/none"], 1, "is not a folder"),
        (
            "tiny.toml",
            "{tmp}/none",
            ["--out", "{tmp}/tiny.toml/out"],
            2,
            "{tmp}/tiny.toml/out: {tmp}/tiny.toml cannot be written to",
        ),
    ],
)
def test_bad_input_gets_one_clear_line(
    clips: Path, tmp_path: Path, recipe: str, data: str, more: list[str], code: int, message: str
) -> None:
    """Before anything is written."""
    (tmp_path / "tiny.toml").write_text(TINY_RECIPE)
    places = {"clips": clips, "tmp": tmp_path}
    arguments = [part.format(**places) for part in (f"{{tmp}}/{recipe}", "--data", data, *more)]
    done = train(arguments[0], "--out", tmp_path / "out", *arguments[1:])
    assert code == done.exit_code
    assert message.format(**places) in done.stderr
    assert 1 == len(done.stderr.splitlines())
    assert not (tmp_path / "out").exists()


def test_a_run_can_be_measured_on_recordings(clips: Path, tmp_path: Path) -> None:
    """The figures go into the checkpoint, from where they reach the card."""
    shutil.copytree(clips / "audio", tmp_path / "recordings")
    (tmp_path / "recordings" / "1-6-A-0.tsv").write_text("onset\toffset\tevent_label\n0.5\t2.6\trooster\n")
    (tmp_path / "tiny.toml").write_text(TINY_RECIPE)
    done = train(
        tmp_path / "tiny.toml", "--data", clips, "--out", tmp_path / "out", "--validation", tmp_path / "recordings"
    )
    assert 0 == done.exit_code, done.stderr
    figures = load_checkpoint(tmp_path / "out" / "model.ckpt").validation
    assert {"rooster"} == set(figures["event_f1"])
    assert 0.0 <= figures["segment_f1_macro"] <= 1.0
    assert figures["false_alarms_per_hour"] >= 0.0
    assert "macro average" in done.stdout


@pytest.mark.slow
def test_a_finished_run_can_be_measured_again_with_other_decoding(tiny_run: Path, clips: Path, tmp_path: Path) -> None:
    """The weights stay, the thresholds and the card's texts change; any other change is refused."""
    shutil.copytree(tiny_run, tmp_path / "out")
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(TINY_RECIPE.replace("cuts of", "pieces of") + "[decoding.default]\non = 0.9\n")
    done = train(recipe, "--data", clips, "--out", tmp_path / "out", "--resume")
    assert 0 == done.exit_code, done.stderr
    before, after = (load_checkpoint(folder / "model.ckpt") for folder in (tiny_run, tmp_path / "out"))
    assert 0.9 == after.recipe.class_decoding("rooster").on
    assert "pieces of the demo recording" == after.training["data"]
    assert torch.equal(before.detector.head.classify_coarse.weight, after.detector.head.classify_coarse.weight)
    recipe.write_text(TINY_RECIPE.replace("steps = 4", "steps = 6"))
    done = train(recipe, "--data", clips, "--out", tmp_path / "out", "--resume")
    assert 2 == done.exit_code
    assert "a recipe that differs in training" in done.stderr


def test_a_run_killed_before_its_end_was_written_loses_nothing(tiny_run: Path, clips: Path, tmp_path: Path) -> None:
    """With only the last checkpoint left, --resume gives the averaged weights again, and keeps the figures."""
    shutil.copytree(tiny_run, tmp_path / "out")
    (tmp_path / "out" / "model.ckpt").unlink()
    (tmp_path / "tiny.toml").write_text(TINY_RECIPE)
    done = train(tmp_path / "tiny.toml", "--data", clips, "--out", tmp_path / "out", "--resume")
    assert 0 == done.exit_code, done.stderr
    before, after = (load_checkpoint(folder / "model.ckpt").detector for folder in (tiny_run, tmp_path / "out"))
    for name, weights in before.state_dict().items():
        assert torch.equal(weights, after.state_dict()[name]), name
    assert (tiny_run / "metrics.csv").read_text() == (tmp_path / "out" / "metrics.csv").read_text()


@pytest.mark.slow
def test_other_data_cannot_go_on_with_a_run(tiny_run: Path, clips: Path, tmp_path: Path) -> None:
    """A run keeps its labels, finished or not."""
    shutil.copytree(clips, tmp_path / "clips")
    table = tmp_path / "clips" / "meta" / "strong.tsv"
    table.write_text(table.read_text().replace("rooster", "cockerel"))
    (tmp_path / "tiny.toml").write_text(TINY_RECIPE)
    shutil.copytree(tiny_run, tmp_path / "out")
    for _ in ("finished", "not finished"):
        done = train(tmp_path / "tiny.toml", "--data", tmp_path / "clips", "--out", tmp_path / "out", "--resume")
        assert 1 == done.exit_code
        assert "started with the labels chainsaw, rooster" in done.stderr
        (tmp_path / "out" / "model.ckpt").unlink(missing_ok=True)


def losses(folder: Path, column: str = "loss") -> list[float]:
    """What metrics.csv holds in a column."""
    with (folder / "metrics.csv").open() as file:
        return [float(row[column]) for row in csv.DictReader(file) if row[column]]


def test_two_processes_share_every_batch_and_what_they_learn_from_it(clips: Path, tmp_path: Path) -> None:
    """Launched by --devices, each mixes its own half of what one process would, and both get the same weights."""
    scenes, checkpoints = [], []
    for devices in (1, 2):
        out = tmp_path / str(devices)
        (tmp_path / "tiny.toml").write_text(TINY_RECIPE)
        arguments = [tmp_path / "tiny.toml", "--data", clips, "--out", out, "--devices", devices]
        script = tmp_path / "train.py"
        script.write_text(
            NOTES_TAKEN.format(scenes=tmp_path / f"scenes{devices}", weights=tmp_path / f"weights{devices}")
        )
        done = subprocess.run(
            [sys.executable, script, *map(str, arguments)], capture_output=True, text=True, check=False
        )
        assert 0 == done.returncode, done.stderr
        scenes.append([set(path.read_text().split()) for path in sorted(tmp_path.glob(f"scenes{devices}.*"))])
        checkpoints.append(load_checkpoint(out / "model.ckpt"))
    (whole,), (first, second) = scenes
    assert 8 == len(whole)
    assert (whole, set()) == (first | second, first & second)
    assert checkpoints[0].labels == checkpoints[1].labels
    assert 4 == torch.load(tmp_path / "2" / "last.ckpt", weights_only=True)["global_step"]
    ours, theirs = (torch.load(tmp_path / f"weights2.{rank}") for rank in (0, 1))
    assert all(torch.equal(mine, other) for mine, other in zip(ours, theirs, strict=True))


# What sed-train runs, with a note of the scenes that each process trains on, and of the weights that it ends with.
NOTES_TAKEN = """
import os
import torch
from sed.training import module
from sed.cli.train import train

mixed = module.SceneDataset.__getitem__


def noted(self, index):
    if self._seed[1] == 0:
        with open("{scenes}." + os.environ.get("LOCAL_RANK", "0"), "a") as file:
            file.write(f"{{self._first + index}}\\n")
    return mixed(self, index)


module.SceneDataset.__getitem__ = noted
module.TrainingModule.on_train_end = lambda self: torch.save(
    list(self.parameters()), f"{weights}.{{self.global_rank}}"
)
train()
"""


@pytest.mark.slow
def test_two_machines_train_together(clips: Path, tmp_path: Path) -> None:
    """The same command on each, told of each other as Lightning's users do; both learn the same, one leaves it."""
    (tmp_path / "tiny.toml").write_text(TINY_RECIPE)
    script = tmp_path / "train.py"
    script.write_text(NOTES_TAKEN.format(scenes=tmp_path / "scenes", weights=tmp_path / "weights"))
    meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    arguments = [sys.executable, script, tmp_path / "tiny.toml", "--data", clips, "--nodes", "2", "--out"]
    with ExitStack() as stack:
        machines = []
        for rank in "01":
            log = stack.enter_context((tmp_path / f"{rank}.log").open("w"))
            environment = {**os.environ, **meeting, "NODE_RANK": rank}
            process = subprocess.Popen([*arguments, tmp_path / rank], env=environment, stderr=log)
            stack.callback(process.wait)
            stack.callback(process.kill)  # one that waits for the other
            machines.append(process)
        for rank, process in zip("01", machines, strict=True):
            code = process.wait(timeout=300)
            said = (tmp_path / f"{rank}.log").read_text()
            assert 0 == code, said
            assert "MEMBER: " in said
    assert (True, False) == tuple((tmp_path / rank / "model.ckpt").exists() for rank in "01")
    ours, theirs = (torch.load(tmp_path / f"weights.{rank}") for rank in "01")
    assert all(torch.equal(mine, other) for mine, other in zip(ours, theirs, strict=True))
    scenes = (tmp_path / "scenes.0").read_text().split()
    assert 8 == len(scenes) == len(set(scenes))  # each mixed by one of them


def test_a_batch_that_cannot_be_shared_is_refused(clips: Path, tmp_path: Path) -> None:
    """Before any process is started."""
    (tmp_path / "tiny.toml").write_text(TINY_RECIPE)
    done = train(tmp_path / "tiny.toml", "--data", clips, "--out", tmp_path / "out", "--devices", 3)
    assert 2 == done.exit_code
    assert "3 processes cannot share batches of 2" in done.stderr


def test_machines_that_cannot_find_each_other_are_refused(clips: Path, tmp_path: Path) -> None:
    """Else each would wait for itself."""
    (tmp_path / "tiny.toml").write_text(TINY_RECIPE)
    done = train(tmp_path / "tiny.toml", "--data", clips, "--out", tmp_path / "out", "--nodes", 2)
    assert 2 == done.exit_code
    assert "set MASTER_ADDR and MASTER_PORT of the first one and NODE_RANK" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_run_that_gets_no_better_ends_early_with_its_best_weights(clips: Path, tmp_path: Path) -> None:
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
    """Every figure of its validations is 0.1, then 0.5, then 0.3."""

    def log(self, name: str, value: Any, **named: Any) -> None:
        figures = (0.1, 0.5, *[0.3] * 10)
        super().log(name, figures[self.current_epoch] if name.startswith("validation_") else value, **named)


@pytest.mark.parametrize(("select", "best"), [("frame_map", 2), ("frame_f1", 2), ("loss", 1)])
def test_the_best_is_the_greatest_figure_or_the_least_loss(clips: Path, tmp_path: Path, select: str, best: int) -> None:
    """Its weights are kept, and patience counts from there."""
    module = tiny_module(clips, Scripted, select=select, patience=2, steps=10, validate_every_steps=1)
    train_network(module, tmp_path, False)
    steps = [torch.load(tmp_path / name, weights_only=True)["global_step"] for name in ("best.ckpt", "last.ckpt")]
    assert [best, best + 2] == steps


def test_a_run_without_validation_keeps_its_last_weights(clips: Path, tmp_path: Path) -> None:
    """As the final one on all folds does."""
    recipe = tmp_path / "tiny.toml"
    folds = TINY_RECIPE.replace("train_folds = [1]", "train_folds = [1, 2]").replace(
        "validation_folds = [2]", "validation_folds = []"
    )
    recipe.write_text(folds.replace("steps = 4", 'steps = 4\nselect = "last"'))
    done = train(recipe, "--data", clips, "--out", tmp_path / "out")
    assert 0 == done.exit_code, done.stderr
    assert 4 == load_checkpoint(tmp_path / "out" / "model.ckpt").training["clips"]


def test_curves_are_there_for_tensorboard(tiny_run: Path) -> None:
    """As TensorBoard's own reader sees them."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(tiny_run / "tensorboard"))
    events.Reload()
    assert {"loss", "validation_loss", "validation_frame_map", "validation_frame_f1"} <= set(events.Tags()["scalars"])
    pictures = events.Images("scores against truth/scene 1")
    assert 2 == len(pictures)
    assert pictures[0].width > 4 * pictures[0].height > 0


def tiny_module(clips: Path, kind: type[TrainingModule] = TrainingModule, **changes: Any) -> TrainingModule:
    """The tiny recipe's network, untrained; changes are of its table [training]."""
    values = tomllib.loads(TINY_RECIPE)
    values["training"] |= changes
    recipe = Recipe.from_dict({"name": "tiny", **values}, "tiny")
    corpus = load_corpus([clips], recipe.frontend.sample_rate, recipe.data)
    torch.manual_seed(recipe.training.seed)
    return kind(recipe, corpus.train_split(recipe.data), corpus.validation_split(recipe.data))


def test_the_rate_rises_by_a_line_and_falls_by_a_cosine(clips: Path) -> None:
    """From nearly nothing to the recipe's rate, and down to nothing at the last step."""
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
    """Its figures are the same to the bit, and the logits come out in fp32 of a network in bf16."""
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
def test_the_network_works_in_the_precision_of_the_recipe(
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
    """A CPU takes bfloat16 instead, and says so."""
    with pytest.warns(UserWarning, match="fp16 is not supported on CPU. Using `precision='bf16-mixed'`"):
        train_network(tiny_module(clips, precision="16-mixed"), tmp_path / "out", False)


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


def test_what_is_averaged_before_the_warm_up_ends_is_the_weights_themselves(clips: Path, tmp_path: Path) -> None:
    """So that no validation looks at an untrained network; the average begins with the first step after it."""

    class Watched(TrainingModule):
        trained: ClassVar[list[torch.Tensor]] = []
        looked_at: ClassVar[list[torch.Tensor]] = []

        def on_train_batch_end(self, *_: Any) -> None:
            self.trained.append(self.detector.head.classify_coarse.weight.detach().clone())

        def on_validation_epoch_start(self) -> None:
            self.looked_at.append(self.detector.head.classify_coarse.weight.detach().clone())

    changes = {"steps": 6, "warmup_steps": 3, "validate_every_steps": 1, "learning_rate": 0.1, "ema_decay": 0.9}
    train_network(tiny_module(clips, Watched, **changes), tmp_path, False)
    alike = [torch.equal(*weights) for weights in zip(Watched.trained, Watched.looked_at, strict=True)]
    assert [True] * 4 + [False] * 2 == alike


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


def test_a_run_that_comes_to_nothing_is_an_error(clips: Path, tmp_path: Path) -> None:
    """Weights that are no numbers are not handed on as a model."""
    (tmp_path / "tiny.toml").write_text(
        TINY_RECIPE.replace("steps = 4", 'steps = 4\nselect = "last"\nlearning_rate = 1e30')
    )
    done = train(tmp_path / "tiny.toml", "--data", clips, "--out", tmp_path / "out")
    assert 2 == done.exit_code
    assert "its weights are not finite; lower [training] learning_rate" in done.stderr.splitlines()[-1]
    assert not (tmp_path / "out" / "model.ckpt").exists()


@pytest.mark.parametrize("content", [b"no checkpoint", None], ids=["damaged", "another program's"])
def test_what_is_no_run_cannot_be_gone_on_with(clips: Path, tmp_path: Path, content: bytes | None) -> None:
    """One line says so."""
    (tmp_path / "tiny.toml").write_text(TINY_RECIPE)
    (tmp_path / "out").mkdir()
    last = tmp_path / "out" / "last.ckpt"
    if content is None:
        torch.save({"weights": torch.zeros(1)}, last)
    else:
        last.write_bytes(content)
    done = train(tmp_path / "tiny.toml", "--data", clips, "--out", tmp_path / "out", "--resume")
    assert 1 == done.exit_code
    assert "last.ckpt: is not" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_a_seed_decides_everything(clips: Path, tmp_path: Path, tiny_checkpoint: Checkpoint) -> None:
    """The same one gives the same weights, another one others."""
    for seed, same in (("1", True), ("2", False)):
        (tmp_path / "tiny.toml").write_text(TINY_RECIPE.replace("[training]", f"[training]\nseed = {seed}"))
        assert 0 == train(tmp_path / "tiny.toml", "--data", clips, "--out", tmp_path / seed).exit_code
        weights = load_checkpoint(tmp_path / seed / "model.ckpt").detector.state_dict()
        equal = all(
            torch.equal(tensor, weights[name]) for name, tensor in tiny_checkpoint.detector.state_dict().items()
        )
        assert same == equal


class Listening(TrainingModule):
    """Keeps what the frontend and the network were given."""

    def logmel(self, audio: torch.Tensor) -> torch.Tensor:
        self.heard = [audio]
        return super().logmel(audio)

    def predict(self, logmel: torch.Tensor) -> Prediction:
        self.heard.append(logmel)
        return super().predict(logmel)

    def log(self, *_: Any, **__: Any) -> None:
        """There is no trainer to log to."""


def test_training_changes_what_it_hears_as_the_recipe_says(clips: Path) -> None:
    """Augmentation of audio and of spectrograms reaches the network."""
    heard = []
    for db in (0.0, 12.0):
        module = tiny_module(clips, Listening)
        augment = AugmentConfig(gain_db=db, filter_augment_db=db, mel_masks=0)
        module.recipe = dataclasses.replace(module.recipe, augment=augment)
        scenes = SceneDataset(module.mixer, (1, 0), 0, 2)
        module.training_step(default_collate([scenes[0], scenes[1]]))
        heard.append(module.heard)
        assert isinstance(module.configure_optimizers()["optimizer"], torch.optim.AdamW)
    (plain_audio, plain), (changed_audio, changed) = heard
    assert torch.equal(plain, module.logmel(plain_audio))
    assert not torch.equal(plain_audio, changed_audio)
    assert not torch.equal(module.logmel(changed_audio), changed)


PATIENT = (
    TINY_RECIPE.replace(
        "[training]", '[training]\nselect = "loss"\npatience = 2\nlearning_rate = 3.0\nema_decay = 0.01'
    )
    .replace("validate_every_steps = 2", "validate_every_steps = 1")
    .replace("steps = 4", "steps = 40")
)


@pytest.mark.slow
def test_a_run_with_patience_resumes_where_it_was_and_wherever_it_is(clips: Path, tmp_path: Path) -> None:
    """Killed, moved to another folder and resumed, it ends as early and with the same best weights."""
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(PATIENT)
    whole, broken, moved = (tmp_path / name for name in ("whole", "broken", "moved"))
    assert 0 == train(recipe, "--data", clips, "--out", whole).exit_code
    train_and_kill(recipe, clips, broken)
    broken.rename(moved)
    done = train(recipe, "--data", clips, "--out", moved, "--resume")
    assert 0 == done.exit_code, done.stderr
    expected, actual = (load_checkpoint(folder / "model.ckpt").detector.state_dict() for folder in (whole, moved))
    assert all(torch.equal(weights, actual[name]) for name, weights in expected.items())
    steps = [torch.load(folder / "last.ckpt", weights_only=True)["global_step"] for folder in (whole, moved)]
    assert steps[0] == steps[1] < 40
    # Killed after it had stopped and before its end was written, it does not go on.
    (whole / "model.ckpt").unlink()
    assert 0 == train(recipe, "--data", clips, "--out", whole, "--resume").exit_code
    assert steps[0] == torch.load(whole / "last.ckpt", weights_only=True)["global_step"]


@pytest.mark.slow
def test_resume_leaves_tuned_settings_and_figures_alone(tiny_run: Path, clips: Path, tmp_path: Path) -> None:
    """What the recipe does not state stays as it was chosen since; what it states is applied."""
    shutil.copytree(tiny_run, tmp_path / "out")
    path = tmp_path / "out" / "model.ckpt"
    before = load_checkpoint(path)
    tuned = dataclasses.replace(before.recipe, decoding={"rooster": DecodingConfig(on=0.77)})
    save_checkpoint(path, dataclasses.replace(before, recipe=tuned, validation={"event_f1_macro": 0.5}))
    (tmp_path / "tiny.toml").write_text(TINY_RECIPE)
    assert 0 == train(tmp_path / "tiny.toml", "--data", clips, "--out", tmp_path / "out", "--resume").exit_code
    after = load_checkpoint(path)
    assert (0.77, {"event_f1_macro": 0.5}) == (after.recipe.class_decoding("rooster").on, after.validation)
    (tmp_path / "tiny.toml").write_text(TINY_RECIPE.replace("lookahead = 0.5", "lookahead = 1.0"))
    assert 0 == train(tmp_path / "tiny.toml", "--data", clips, "--out", tmp_path / "out", "--resume").exit_code
    after = load_checkpoint(path)
    assert (0.77, 1.0, {}) == (
        after.recipe.class_decoding("rooster").on,
        after.recipe.stream.lookahead,
        after.validation,
    )


def test_the_final_model_learns_from_all_folds_as_the_chosen_one_did(
    tiny_run: Path, clips: Path, tmp_path: Path
) -> None:
    """With its decoder settings, and with its figures, which say of which model they are."""
    chosen = load_checkpoint(tiny_run / "model.ckpt")
    tuned = dataclasses.replace(chosen.recipe, decoding={"rooster": DecodingConfig(on=0.77)})
    changes = {"recipe": tuned, "validation": {"psds1": 0.5}, "training_files": chosen.training_files | {"a file"}}
    save_checkpoint(tmp_path / "chosen.ckpt", dataclasses.replace(chosen, **changes))
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(TINY_RECIPE)
    run = (recipe, "--data", clips, "--out", tmp_path / "out", "--final", tmp_path / "chosen.ckpt")
    assert 2 == train(*run, "--validation", clips).exit_code
    done = train(*run)
    assert 0 == done.exit_code
    assert "1 of the 4 files that the model of --final was trained on are not in this data" in done.stderr
    final = load_checkpoint(tmp_path / "out" / "model.ckpt")
    assert ([1, 2], 4) == (final.training["folds"], final.training["clips"])
    assert 0.77 == final.recipe.class_decoding("rooster").on
    assert {"model": "reference model, not trained on fold 2", "psds1": 0.5} == final.validation
    recipe.write_text(TINY_RECIPE + "[augment]\nmixup = 0.5\n")
    other = train(recipe, "--data", clips, "--out", tmp_path / "new", "--final", tmp_path / "chosen.ckpt")
    assert 2 == other.exit_code
    assert "differs in augment" in other.stderr
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
def test_the_final_model_reports_what_the_chosen_one_does(clips: Path, tmp_path: Path) -> None:
    """Data with another label would give it a class that its settings and figures know nothing of."""
    recipe, run = tmp_path / "tiny.toml", (tmp_path / "tiny.toml", "--data", clips, "--out")
    recipe.write_text(TINY_RECIPE)
    assert 0 == train(*run, tmp_path / "chosen").exit_code
    again = train(*run, tmp_path / "final", "--final", tmp_path / "chosen" / "model.ckpt")
    assert "not in this data" not in again.stderr
    shutil.rmtree(tmp_path / "final")
    write_cut(tmp_path / "more" / "dog" / "a.wav", DOG)
    final = (*run, tmp_path / "final", "--data", tmp_path / "more", "--final", tmp_path / "chosen" / "model.ckpt")
    done = train(*final)
    assert 1 == done.exit_code
    assert "started with the labels chainsaw, rooster, but the data now has chainsaw, dog, rooster" in done.stderr
    assert not (tmp_path / "final").exists()


def test_one_sound_is_enough(tmp_path: Path) -> None:
    """Among others that are none, from a folder to a model."""
    for number in range(5):
        write_cut(tmp_path / "data" / "dog" / f"{number}.wav", DOG - number / 10)
        write_cut(tmp_path / "data" / "other" / f"{number}.wav", ROOSTER + number / 10)
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(TINY_RECIPE.replace("train_folds = [1]\nvalidation_folds = [2]", "validation_folds = [5]"))
    done = train(recipe, "--data", tmp_path / "data", "--out", tmp_path / "out")
    assert 0 == done.exit_code, done.stderr
    assert ("dog",) == load_checkpoint(tmp_path / "out" / "model.ckpt").labels


def test_what_no_scene_would_hold_is_refused(tmp_path: Path) -> None:
    """Labels of whole recordings alone, and a recipe that wants none of these: before anything is written."""
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
    recipe.write_text(recipe.read_text() + "[scenes]\nrecordings = 0.5\n")
    assert 0 == train(recipe, "--data", tmp_path / "data", "--out", tmp_path / "out").exit_code


def test_clips_that_are_not_learnt_from_are_told_of_and_not_counted(clips: Path, tmp_path: Path) -> None:
    """Before training those of which no scene is made, in the end once more those that could not be read."""
    weak, more = tmp_path / "weak", tmp_path / "more"
    weak.mkdir()
    (more / "other").mkdir(parents=True)
    (more / "other" / "broken.wav").write_text("no sound")
    for name in ("0.flac", "1.flac"):
        shutil.copy(clips / "audio" / "1-6-A-0.flac", weak / name)
    (weak / "weak.tsv").write_text("filename\tevent_labels\n0.flac\trooster,chainsaw\n1.flac\trooster,chainsaw\n")
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(TINY_RECIPE.replace("train_folds = [1]", "train_folds = [1, 5]"))
    run = (recipe, "--data", clips, "--data", weak, "--data", more)
    done = train(*run, "--out", tmp_path / "out")
    assert 0 == done.exit_code, done.stderr
    assert "2 of 4 labelled clips are not trained on: no event can be cut out of them; set [scenes] rec" in done.stderr
    *_, wrote, skipped = done.stderr.splitlines()
    assert wrote.startswith("wrote ")
    assert "1 of 9 files were skipped, see the warnings above" == skipped
    assert 2 == load_checkpoint(tmp_path / "out" / "model.ckpt").training["clips"]
    recipe.write_text(recipe.read_text() + "[scenes]\nrecordings = 0.5\n")
    done = train(*run, "--out", tmp_path / "whole")
    assert "not trained on" not in done.stderr
    assert 4 == load_checkpoint(tmp_path / "whole" / "model.ckpt").training["clips"]


@pytest.mark.parametrize("name", ["quick", "own", "esc10", "mid"])
def test_a_recipe_trains(name: str, clips: Path, tmp_path: Path) -> None:
    """As it is, but for the number of steps and scenes, these clips with their folds and labels, and another seed."""
    data = {"labels": "[]", "train_folds": "[]", "validation_folds": "[2]", "validation_scenes": 2}
    training = {"steps": 4, "batch_size": 2, "warmup_steps": 2, "validate_every_steps": 2}
    text = (ROOT / "recipes" / f"{name}.toml").read_text()
    text = re.sub(rf"^({'|'.join(data | training)}) = (\[\n(    .*\n)*\]\n|.*\n)", "", text, flags=re.MULTILINE)
    for table, values in (("data", data), ("training", training)):
        lines = "".join(f"{key} = {value}\n" for key, value in values.items())
        assert f"\n[{table}]\n" in text
        text = text.replace(f"[{table}]\n", f"[{table}]\n{lines}")
    (tmp_path / f"{name}.toml").write_text(text)
    done = train(tmp_path / f"{name}.toml", "--data", clips, "--out", tmp_path / "out", "--seed", 7)
    assert 0 == done.exit_code, done.stderr
    trained = load_checkpoint(tmp_path / "out" / "model.ckpt")
    assert (("chainsaw", "rooster"), 7) == (trained.labels, trained.recipe.training.seed)
