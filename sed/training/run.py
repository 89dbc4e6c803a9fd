"""A training run, by Lightning: trains a detector on clips, or resumes a run, and keeps the best or last weights."""

import contextlib
import ctypes
import itertools
import logging
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.fabric.utilities.rank_zero import rank_zero_only
from lightning.pytorch.callbacks import (
    Callback,
    EarlyStopping,
    ModelCheckpoint,
    WeightAveraging,
)
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from torch import Tensor
from torch.optim.swa_utils import get_ema_avg_fn

from edge.errors import SettingError
from sed.data import UNUSED_REASON, Corpus
from sed.errors import CheckpointError, DataError, RecipeError
from sed.network import Checkpoint, Detector, read_torch_file, start_from
from sed.recipe import Recipe, TrainingConfig
from sed.training.module import TrainingModule
from sed.training.progress import RunProgress
from sed.training.tensorboard import ScorePictures

_log = logging.getLogger(__name__)

RESUME_NAME, BEST_NAME = "last.ckpt", "best.ckpt"
_START_AGAIN = "start a new run with another --out"
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # of glibc's malloc.h


def fit(
    recipe: Recipe,
    corpus: Corpus,
    out: Path,
    resume: bool,
    devices: int = 1,
    nodes: int = 1,
    start: Checkpoint | None = None,
) -> Detector | None:
    """Train the recipe's network on a corpus, from the weights of `start` if there is one (`sed.network.start_from`).

    The other arguments are those of `train_network`.

    Returns:
        The detector with averaged weights, the best or the last ones, in evaluation mode; None in all processes but the
        first.

    Raises:
        DataError: if a label has no clip to train on, or no scene would contain it, or the run in `out` was started
            with other labels.
        RecipeError: if it was started with another recipe.
        SettingError: if the batch cannot be divided among the processes, or the other machines are not named.
    """
    lightning.seed_everything(recipe.training.seed, workers=True, verbose=False)
    train = corpus.train_split(recipe.data)
    module = TrainingModule(recipe, train, corpus.validation_split(recipe.data))
    if start is not None:
        start_from(module.detector, recipe, train.labels, start)
    unused = train.unused(recipe.scenes)
    if unused:
        _log.warning("%d of %d labelled clips are not trained on: %s", len(unused), len(train.labelled), UNUSED_REASON)
    return module.detector if train_network(module, out, resume, devices, nodes) else None


def train_network(module: TrainingModule, out: Path, resume: bool, devices: int = 1, nodes: int = 1) -> bool:
    """Train a network as its recipe says; afterwards it has the weights to keep and is in evaluation mode.

    Args:
        module: network and data.
        out: folder for checkpoints, `metrics.csv` and TensorBoard's files.
        resume: continue from the last checkpoint in `out`.
        devices: processes on this machine, one per GPU, that share each batch.
        nodes: number of machines.

    Returns:
        Whether this is the first process, which continues after training.

    Raises:
        RecipeError: if training diverged: weights are not finite. For other errors see `fit`.
        CheckpointError: if `out` has no run that can be resumed.
    """
    training = module.recipe.training
    if nodes > 1 and not {"MASTER_ADDR", "SLURM_JOB_ID"} & set(os.environ):
        raise SettingError(
            "machines that train together need each other's address: set MASTER_ADDR and MASTER_PORT of the first one "
            "and NODE_RANK, counted from 0, in the environment of each"
        )
    if torch.cuda.is_available() and devices > torch.cuda.device_count():
        raise SettingError(f"--devices {devices}: this machine has {torch.cuda.device_count()} GPUs; give no more")
    if training.batch_size % (devices * nodes) != 0:
        raise SettingError(
            f"{devices * nodes} processes cannot share batches of {training.batch_size}; "
            "choose --devices and --nodes so that they divide the recipe's batch_size"
        )
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)  # it logs advertisements
    out.mkdir(parents=True, exist_ok=True)
    if not (resume and _finished(module, out / RESUME_NAME)):
        if resume:
            _rename_old_metrics(out)
        _keep_freed_memory()
        _fit(module, _trainer(module.recipe, out, devices, nodes), out / RESUME_NAME if resume else None)
    if getattr(rank_zero_only, "rank", 0) != 0:
        return False
    kept = out / (RESUME_NAME if training.select == "last" else BEST_NAME)
    trained, _ = read_torch_file(kept, _START_AGAIN)
    module.load_state_dict(trained["state_dict"])  # averaged weights
    if not all(parameter.isfinite().all() for parameter in module.parameters()):
        raise RecipeError(
            f"{kept}: training diverged, its weights are not finite; lower [training] learning_rate, "
            'or set precision = "32-true"'
        )
    module.eval()
    return True


def _finished(module: TrainingModule, last: Path) -> bool:
    """Whether a run had done its last step, or stopped early, before it was killed."""
    started, _ = read_torch_file(last, _START_AGAIN)
    training = module.recipe.training
    if "recipe" not in started:
        raise CheckpointError(f"{last}: is not a checkpoint of a sed-train run; {_START_AGAIN}")
    require_same_labels(started["labels"], module.labels)
    require_same_recipe(Recipe.from_dict(started["recipe"], str(last)), module.recipe)
    waited = max((state.get("wait_count", 0) for state in started["callbacks"].values()), default=0)
    return bool(started["global_step"] >= training.steps or 0 < training.patience <= waited)


def _trainer(recipe: Recipe, out: Path, devices: int, nodes: int) -> lightning.Trainer:
    training = recipe.training
    return lightning.Trainer(
        devices=devices,
        num_nodes=nodes,
        strategy="ddp" if devices * nodes > 1 else "auto",
        max_steps=training.steps,
        precision=training.precision,  # type: ignore[arg-type]  # Lightning's literals
        gradient_clip_val=training.gradient_clip,
        logger=[CSVLogger(out, name="", version=""), TensorBoardLogger(out, name="tensorboard", version="")],
        callbacks=[*_callbacks(training, out), ScorePictures(), RunProgress()],
        reload_dataloaders_every_n_epochs=1,
        num_sanity_val_steps=0,
        log_every_n_steps=min(10, training.validate_every_steps),
        enable_model_summary=False,
        enable_progress_bar=False,
    )


def _callbacks(training: TrainingConfig, out: Path) -> list[Callback]:
    """The callbacks that average the weights, save them, and stop a run early."""
    average = WeightAveraging(device=None, avg_fn=_average_after(training.warmup_steps, training.ema_decay))
    shared: dict[str, Any] = {"dirpath": out, "enable_version_counter": False}
    last = ModelCheckpoint(filename=Path(RESUME_NAME).stem, save_on_train_epoch_end=True, **shared)
    if training.select == "last":
        return [average, last]
    figure: dict[str, Any] = {
        "monitor": f"validation_{training.select}",
        "mode": "min" if training.select == "loss" else "max",
    }
    best = _BestCheckpoint(filename=Path(BEST_NAME).stem, save_on_train_epoch_end=False, **figure, **shared)
    if training.patience == 0:
        return [average, best, last]
    # At the end of a training epoch a resumed run has no validation metric yet.
    return [average, best, EarlyStopping(patience=training.patience, check_on_train_epoch_end=False, **figure), last]


def _average_after(warmup_steps: int, decay: float) -> Callable[[Tensor, Tensor, Tensor | int], Tensor]:
    """Until the warm-up ends the current weights, then their exponential moving average."""
    moving: Callable[..., Tensor] = get_ema_avg_fn(decay)  # type: ignore[no-untyped-call]

    def average(averaged: Tensor, current: Tensor, steps: Tensor | int) -> Tensor:
        # A Python comparison would make the GPU wait at every tensor.
        return torch.where(torch.as_tensor(steps <= warmup_steps), current, moving(averaged, current, steps))

    return average


class _BestCheckpoint(ModelCheckpoint):
    """Finds its best checkpoint again if the folder of the run was moved."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        def moved(path: str) -> str:
            return str(Path(str(self.dirpath)) / Path(path).name)

        best = {moved(path): score for path, score in state_dict["best_k_models"].items()}
        paths = {name: moved(state_dict[name]) for name in ("best_model_path", "kth_best_model_path")}
        super().load_state_dict({**state_dict, "dirpath": self.dirpath, "best_k_models": best, **paths})


def _fit(module: TrainingModule, trainer: lightning.Trainer, begin_with: Path | None) -> None:
    # Lightning may write to stdout, which is for data.
    with warnings.catch_warnings(), contextlib.redirect_stdout(sys.stderr):
        # On two cores, more workers would not help.
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        # Two of its callbacks write into the folder of --out.
        warnings.filterwarnings("ignore", message=".*exists and is not empty.*")
        # A run may have no validation, and its folder may be moved before it is resumed.
        warnings.filterwarnings("ignore", message="Total length of `list` across ranks is zero")
        warnings.filterwarnings("ignore", message="The dirpath has changed")
        # Lightning uses a deprecated name of torch.
        warnings.filterwarnings("ignore", message=".*LeafSpec.*")
        try:
            trainer.fit(module, ckpt_path=begin_with)
        except SystemExit as exc:  # Lightning raises this after Ctrl-C
            raise KeyboardInterrupt from exc


def _keep_freed_memory() -> None:
    """Let glibc keep freed memory for the next step: new pages cost a seventh of a step on a CPU."""
    with contextlib.suppress(AttributeError, TypeError):  # another C library
        set_option = ctypes.CDLL(None).mallopt
        set_option(_MMAP_MAX, 0)
        set_option(_TRIM_THRESHOLD, -1)


def _rename_old_metrics(out: Path) -> None:
    """Rename metrics.csv, which Lightning's logger would delete when a run is resumed."""
    metrics = out / "metrics.csv"
    if metrics.exists():
        free = (out / f"metrics-{number}.csv" for number in itertools.count(1))
        metrics.replace(next(path for path in free if not path.exists()))


def require_same_labels(started: Sequence[str], labels: Sequence[str]) -> None:
    """Check that the labels are the same as when the run was started.

    Raises:
        DataError: if they are not.
    """
    if list(started) != list(labels):
        raise DataError(
            f"the run was started with the labels {', '.join(started)}, but the data now has {', '.join(labels)}; "
            f"give the same data, or {_START_AGAIN}"
        )


def require_same_recipe(started: Recipe, recipe: Recipe) -> None:
    """Check that only settings of the runtime and texts of the card have changed since the run was started.

    Raises:
        RecipeError: if anything else differs; it names the tables.
    """
    before, now = started.to_dict(), recipe.to_dict()
    free = {"name", "description", "trained_on", "licence", "decoding", "stream"}
    changed = [key for key in now if key not in free and before[key] != now[key]]
    if changed:
        raise RecipeError(
            f"the run was started with a recipe that differs in {', '.join(changed)}; "
            "only [decoding], [stream] and the card's texts may change: "
            f"give that recipe, or {_START_AGAIN}"
        )
