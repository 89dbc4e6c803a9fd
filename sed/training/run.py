"""The training run: clips in, a trained detector out, by Lightning."""

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
    TQDMProgressBar,
    WeightAveraging,
)
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from torch import Tensor
from torch.optim.swa_utils import get_ema_avg_fn

from edge.errors import SettingError
from sed.data import UNUSED_REASON, Corpus
from sed.errors import CheckpointError, DataError, RecipeError
from sed.network import Detector, read_torch_file
from sed.recipe import Recipe, TrainingConfig
from sed.training.module import TrainingModule
from sed.training.watching import ScorePictures

_log = logging.getLogger(__name__)

RESUME_NAME, BEST_NAME = "last.ckpt", "best.ckpt"
_ANEW = "begin anew with another --out"
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # of glibc's malloc.h


def fit(recipe: Recipe, corpus: Corpus, out: Path, resume: bool, devices: int = 1, nodes: int = 1) -> Detector | None:
    """Train the recipe's network on a corpus; the arguments are those of `train_network`.

    Returns:
        The detector with averaged weights, the best or the last ones, in evaluation mode; None in processes that only
        helped.

    Raises:
        DataError: if a label has no clip to learn from, or no scene would hold it, or the run in `out` was begun with
            other labels.
        RecipeError: if it was begun by another recipe.
        SettingError: if the batch cannot be shared, or there is nobody to share it with.
    """
    lightning.seed_everything(recipe.training.seed, workers=True, verbose=False)
    train = corpus.train_split(recipe.data)
    module = TrainingModule(recipe, train, corpus.validation_split(recipe.data))
    unused = train.unused(recipe.scenes)
    if unused:
        _log.warning("%d of %d labelled clips are not trained on: %s", len(unused), len(train.labelled), UNUSED_REASON)
    return module.detector if train_network(module, out, resume, devices, nodes) else None


def train_network(module: TrainingModule, out: Path, resume: bool, devices: int = 1, nodes: int = 1) -> bool:
    """Train a network as its recipe says, and leave it with the weights to keep, in evaluation mode.

    Args:
        module: what to train.
        out: folder for checkpoints, `metrics.csv` and TensorBoard's files.
        resume: go on from the last checkpoint in `out`.
        devices: processes on this machine, one a GPU, that share each batch.
        nodes: machines.

    Returns:
        Whether this process is the one that goes on.

    Raises:
        RecipeError: if training came to nothing: the weights are no numbers. For the rest see `fit`.
        CheckpointError: if there is no run in `out` that can be gone on with.
    """
    training = module.recipe.training
    if nodes > 1 and not {"MASTER_ADDR", "SLURM_JOB_ID"} & set(os.environ):
        raise SettingError(
            "machines that train together must find each other: give each MASTER_ADDR and MASTER_PORT of the first one "
            "and its own NODE_RANK, from 0, in the environment"
        )
    if torch.cuda.is_available() and devices > torch.cuda.device_count():
        raise SettingError(f"--devices {devices}: this machine has {torch.cuda.device_count()} GPUs; give no more")
    if training.batch_size % (devices * nodes) != 0:
        raise SettingError(
            f"{devices * nodes} processes cannot share batches of {training.batch_size}; "
            "choose --devices and --nodes so that they divide the recipe's batch_size"
        )
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)  # it advertises
    out.mkdir(parents=True, exist_ok=True)
    if not (resume and _finished(module, out / RESUME_NAME)):
        if resume:
            _keep_metrics(out)
        _keep_freed_memory()
        _fit(module, _trainer(module.recipe, out, devices, nodes), out / RESUME_NAME if resume else None)
    if getattr(rank_zero_only, "rank", 0) != 0:
        return False
    kept = out / (RESUME_NAME if training.select == "last" else BEST_NAME)
    trained, _ = read_torch_file(kept, _ANEW)
    module.load_state_dict(trained["state_dict"])  # the averaged ones
    if not all(parameter.isfinite().all() for parameter in module.parameters()):
        raise RecipeError(
            f"{kept}: training came to nothing, its weights are no numbers; lower [training] learning_rate, "
            'or give it precision = "32-true"'
        )
    module.eval()
    return True


def _finished(module: TrainingModule, last: Path) -> bool:
    """Whether a run was killed between its last step, however early, and its end."""
    begun, _ = read_torch_file(last, _ANEW)
    training = module.recipe.training
    if "recipe" not in begun:
        raise CheckpointError(f"{last}: is no run of sed-train's; {_ANEW}")
    require_same_labels(begun["labels"], module.labels)
    require_same_recipe(Recipe.from_dict(begun["recipe"], str(last)), module.recipe)
    waited = max((state.get("wait_count", 0) for state in begun["callbacks"].values()), default=0)
    return bool(begun["global_step"] >= training.steps or 0 < training.patience <= waited)


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
        callbacks=[*_keeping(training, out), ScorePictures(), TQDMProgressBar(refresh_rate=1)],
        reload_dataloaders_every_n_epochs=1,
        num_sanity_val_steps=0,
        log_every_n_steps=min(10, training.validate_every_steps),
        enable_model_summary=False,
    )


def _keeping(training: TrainingConfig, out: Path) -> list[Callback]:
    """What averages weights, writes them, and ends a run that gets no better."""
    average = WeightAveraging(device=None, avg_fn=_average_after(training.warmup_steps, training.ema_decay))
    shared: dict[str, Any] = {"dirpath": out, "enable_version_counter": False}
    last = ModelCheckpoint(filename=Path(RESUME_NAME).stem, save_on_train_epoch_end=True, **shared)
    if training.select == "last":
        return [average, last]
    figure: dict[str, Any] = {
        "monitor": f"validation_{training.select}",
        "mode": "min" if training.select == "loss" else "max",
    }
    best = _Best(filename=Path(BEST_NAME).stem, save_on_train_epoch_end=False, **figure, **shared)
    if training.patience == 0:
        return [average, best, last]
    # At the end of a training epoch a resumed run has no figure yet.
    return [average, best, EarlyStopping(patience=training.patience, check_on_train_epoch_end=False, **figure), last]


def _average_after(warmup_steps: int, decay: float) -> Callable[[Tensor, Tensor, Tensor | int], Tensor]:
    """The weights themselves until the warm-up ends, as they are not worth averaging; then their moving average."""
    moving: Callable[..., Tensor] = get_ema_avg_fn(decay)  # type: ignore[no-untyped-call]

    def average(averaged: Tensor, current: Tensor, steps: Tensor | int) -> Tensor:
        # Asking for the number would stop a GPU at every tensor.
        return torch.where(torch.as_tensor(steps <= warmup_steps), current, moving(averaged, current, steps))

    return average


class _Best(ModelCheckpoint):
    """Knows its best weights again in a folder that was moved."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        def moved(path: str) -> str:
            return str(Path(str(self.dirpath)) / Path(path).name)

        best = {moved(path): score for path, score in state_dict["best_k_models"].items()}
        paths = {name: moved(state_dict[name]) for name in ("best_model_path", "kth_best_model_path")}
        super().load_state_dict({**state_dict, "dirpath": self.dirpath, "best_k_models": best, **paths})


def _fit(module: TrainingModule, trainer: lightning.Trainer, begin_with: Path | None) -> None:
    # Lightning's progress bar would write where data goes.
    with warnings.catch_warnings(), contextlib.redirect_stdout(sys.stderr):
        # Two cores that train and mix have no more workers to give.
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        # Two of its callbacks write into the folder of --out.
        warnings.filterwarnings("ignore", message=".*exists and is not empty.*")
        # A run need not validate, and may be moved before it goes on.
        warnings.filterwarnings("ignore", message="Total length of `list` across ranks is zero")
        warnings.filterwarnings("ignore", message="The dirpath has changed")
        # Lightning asks torch for something that torch has renamed.
        warnings.filterwarnings("ignore", message=".*LeafSpec.*")
        try:
            trainer.fit(module, ckpt_path=begin_with)
        except SystemExit as exc:  # what Lightning makes of Ctrl-C
            raise KeyboardInterrupt from exc


def _keep_freed_memory() -> None:
    """Let glibc keep what every step frees and takes again: new pages cost a seventh of a step on a CPU."""
    with contextlib.suppress(AttributeError, TypeError):  # another C library
        set_option = ctypes.CDLL(None).mallopt
        set_option(_MMAP_MAX, 0)
        set_option(_TRIM_THRESHOLD, -1)


def _keep_metrics(out: Path) -> None:
    """Lightning's logger would delete the figures of the run's first part."""
    metrics = out / "metrics.csv"
    if metrics.exists():
        free = (out / f"metrics-{number}.csv" for number in itertools.count(1))
        metrics.replace(next(path for path in free if not path.exists()))


def require_same_labels(begun: Sequence[str], labels: Sequence[str]) -> None:
    """What a network reports may not change once its run has begun.

    Raises:
        DataError: if it does.
    """
    if list(begun) != list(labels):
        raise DataError(
            f"the run was begun with the labels {', '.join(begun)}, and the data now has {', '.join(labels)}; "
            f"give the same data, or {_ANEW}"
        )


def require_same_recipe(begun: Recipe, recipe: Recipe) -> None:
    """Only what the runtime does with the network and the texts of the card may change once a run has begun.

    Raises:
        RecipeError: if anything else differs, naming its table.
    """
    before, now = (
        {**one.to_dict(), "stream": one.stream.window}  # hop and lookahead are the runtime's
        for one in (begun, recipe)
    )
    free = {"name", "description", "trained_on", "licence", "decoding"}
    changed = [key for key in now if key not in free and before[key] != now[key]]
    if changed:
        raise RecipeError(
            f"the run was begun by a recipe that differs in {', '.join(changed)}; "
            "only [decoding], hop and lookahead and the card's texts may change: "
            "give that recipe, or begin anew with another --out"
        )
