"""The training run: scenes in, a checkpoint out, by Lightning."""

import logging
import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import EMAWeightAveraging, ModelCheckpoint, TQDMProgressBar
from lightning.pytorch.loggers import CSVLogger
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from sed.augment import filter_augment, mask_bins
from sed.config import Recipe
from sed.data import Corpus
from sed.errors import DataError, RecipeError
from sed.losses import detection_loss
from sed.model import Detector, Prediction
from sed.soundscapes import Scene, SceneMixer

RESUME_NAME = "last.ckpt"


class SceneDataset(Dataset[Scene]):
    """Scenes number `first` to `first + count` of a seed: the same number gives the same scene, in any worker."""

    def __init__(self, mixer: SceneMixer, seed: tuple[int, int], first: int, count: int) -> None:
        self._mixer, self._seed, self._first, self._count = mixer, seed, first, count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> Scene:
        return self._mixer.mix(np.random.default_rng([*self._seed, self._first + index]))


class TrainingModule(lightning.LightningModule):
    """Detector, loss, optimiser and scenes of one run.

    Args:
        recipe: everything.
        train: clips to learn from.
        validation: clips to look at; None if nothing is.
    """

    def __init__(self, recipe: Recipe, train: Corpus, validation: Corpus | None) -> None:
        super().__init__()
        self.recipe, self.labels = recipe, train.labels
        self.detector = Detector(recipe, len(train.labels))
        self.detector.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # its stub forgets this one
        self._train = SceneMixer(train, recipe)
        self._validation = None if validation is None else SceneMixer(validation, recipe)
        self._fixed_scenes: list[Scene] = []
        self._counts: list[Tensor] = []

    def on_train_epoch_start(self) -> None:
        # Chance follows from the epoch's number, so that a resumed run goes on as an unbroken one would.
        torch.manual_seed(self.recipe.training.seed * 1_000_000 + self.current_epoch)

    def train_dataloader(self) -> DataLoader[Scene]:
        training = self.recipe.training
        count = training.validate_every_steps * training.batch_size
        # An epoch is the stretch between two validations; a resumed run goes on with the scenes it had not seen.
        scenes = SceneDataset(self._train, (training.seed, 0), self.current_epoch * count, count)
        return DataLoader(scenes, batch_size=training.batch_size, num_workers=training.workers)

    def val_dataloader(self) -> DataLoader[Scene]:
        if self._validation is not None and not self._fixed_scenes:
            seed = (self.recipe.training.seed, 1)
            scenes = SceneDataset(self._validation, seed, 0, self.recipe.data.validation_scenes)
            self._fixed_scenes = [scenes[index] for index in range(len(scenes))]
        return DataLoader(self._fixed_scenes, batch_size=self.recipe.training.batch_size)  # type: ignore[arg-type]  # a list is a dataset

    def training_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        audio, truth = batch
        training = self.recipe.training
        logmel = filter_augment(self._logmel(audio), training.filter_augment_db)
        logmel = mask_bins(logmel, widest=self.recipe.frontend.n_mels // 8)
        loss = detection_loss(self._predict(logmel), truth, training)
        self.log("loss", loss, prog_bar=True)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor]) -> None:
        audio, truth = batch
        prediction = self._predict(self._logmel(audio))
        loss = detection_loss(prediction, truth, self.recipe.training)
        self.log("validation_loss", loss, prog_bar=True, batch_size=len(audio))
        said, true = prediction.frames > 0.0, truth >= 0.5
        hits = (said & true).sum(dim=(0, 1))
        self._counts.append(torch.stack([hits, said.sum(dim=(0, 1)), true.sum(dim=(0, 1))]))

    def on_validation_epoch_end(self) -> None:
        hits, said, true = torch.stack(self._counts).sum(dim=0).float()
        self._counts.clear()
        f1 = 2 * hits / torch.clamp(said + true, min=1.0)
        self.log("validation_frame_f1", f1.mean(), prog_bar=True)

    def configure_optimizers(self) -> Any:
        training = self.recipe.training
        optimiser = torch.optim.AdamW(self.parameters(), lr=training.learning_rate, weight_decay=training.weight_decay)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, self._rate_factor)
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["recipe"], checkpoint["labels"] = self.recipe.to_dict(), list(self.labels)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        begun = Recipe.from_dict(checkpoint["recipe"], RESUME_NAME)
        require_same_run(begun, checkpoint["labels"], self.recipe, self.labels)

    def _rate_factor(self, step: int) -> float:
        """A line up, then half a cosine down to nothing."""
        training = self.recipe.training
        if step < training.warmup_steps:
            return (step + 1) / training.warmup_steps
        done = (step - training.warmup_steps) / max(1, training.steps - training.warmup_steps)
        return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))

    def _logmel(self, audio: Tensor) -> Tensor:
        # The frontend stays in fp32 under every precision.
        with torch.autocast(self.device.type, enabled=False), torch.no_grad():
            return self.detector.frontend(audio.float()).contiguous(memory_format=torch.channels_last)

    def _predict(self, logmel: Tensor) -> Prediction:
        prediction = self.detector.head(self.detector.embedder(logmel))
        return Prediction(*(logits.float() for logits in prediction))


def require_same_run(begun: Recipe, begun_labels: Sequence[str], recipe: Recipe, labels: Sequence[str]) -> None:
    """Only the decoder's settings and the texts of the card may change once a run has begun.

    Raises:
        DataError: if the data has other labels now.
        RecipeError: if anything else differs, naming its table.
    """
    if list(begun_labels) != list(labels):
        raise DataError(
            f"the run was begun with the labels {', '.join(begun_labels)}, and the data now has {', '.join(labels)}; "
            "give the same data, or choose another --out"
        )
    before, now = begun.to_dict(), recipe.to_dict()
    free = {"name", "description", "trained_on", "licence", "decoding"}
    changed = [key for key in now if key not in free and before[key] != now[key]]
    if changed:
        raise RecipeError(
            f"the run was begun by a recipe that differs in {', '.join(changed)}; "
            "on --resume only [decoding] and the card's texts may change, so choose another --out"
        )


def fit(recipe: Recipe, corpus: Corpus, out: Path, resume: bool) -> Detector:
    """Train as the recipe says.

    Args:
        recipe: everything but the data.
        corpus: clips of all folds.
        out: folder for checkpoints and `metrics.csv`.
        resume: go on from the last checkpoint in `out`.

    Returns:
        The detector with averaged weights, in evaluation mode.
    """
    training = recipe.training
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)  # it advertises
    lightning.seed_everything(training.seed, workers=True, verbose=False)
    module = TrainingModule(recipe, corpus.learnt(recipe.data), corpus.looked_at(recipe.data))
    keep = ModelCheckpoint(
        dirpath=out,
        filename=Path(RESUME_NAME).stem,
        enable_version_counter=False,
        save_on_train_epoch_end=True,
    )
    # Until the warm-up ends the weights are not worth averaging.
    average = EMAWeightAveraging(decay=training.ema_decay, update_starting_at_step=training.warmup_steps)
    if resume:
        begun = torch.load(out / RESUME_NAME, weights_only=True)
        if begun["global_step"] >= training.steps:  # killed between its last step and its end
            module.on_load_checkpoint(begun)
            module.load_state_dict(begun["state_dict"])  # the averaged weights
            return module.detector.eval()
        _keep_metrics(out)
    trainer = lightning.Trainer(
        devices=1,
        max_steps=training.steps,
        precision=training.precision,  # type: ignore[arg-type]  # Lightning's literals
        gradient_clip_val=training.gradient_clip,
        logger=CSVLogger(out, name="", version=""),
        callbacks=[keep, average, TQDMProgressBar(refresh_rate=1)],
        reload_dataloaders_every_n_epochs=1,
        num_sanity_val_steps=0,
        log_every_n_steps=min(10, training.validate_every_steps),
        enable_model_summary=False,
    )
    with warnings.catch_warnings():
        # Two cores that train and mix have no more workers to give.
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        # Lightning asks torch for something that torch has renamed.
        warnings.filterwarnings("ignore", message=".*LeafSpec.*")
        try:
            trainer.fit(module, ckpt_path=out / RESUME_NAME if resume else None)
        except SystemExit as exc:  # what Lightning makes of Ctrl-C
            raise KeyboardInterrupt from exc
    return module.detector.eval()


def _keep_metrics(out: Path) -> None:
    """Lightning's logger would delete the figures of the run's first part."""
    metrics = out / "metrics.csv"
    if metrics.exists():
        metrics.replace(out / f"metrics-{len(list(out.glob('metrics*.csv')))}.csv")
