"""The Lightning module of a run: scenes, loss, optimiser and validation metrics."""

import math
from typing import Any

import lightning
import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from sed.data import Corpus
from sed.network import Detector, Prediction
from sed.recipe import Recipe
from sed.scenes import SceneMixer
from sed.training.augment import augment_audio, augment_logmel
from sed.training.frame_metrics import THRESHOLDS, FrameF1, FrameMap
from sed.training.losses import DetectionLoss, Target


class SceneDataset(Dataset[tuple[Tensor, Target]]):
    """Scenes number `first` to `first + count` of a seed: the same number gives the same scene, in any process."""

    def __init__(self, mixer: SceneMixer, seed: tuple[int, int], first: int, count: int) -> None:
        self._mixer, self._seed, self._first, self._count = mixer, seed, first, count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> tuple[Tensor, Target]:
        scene = self._mixer.mix(np.random.default_rng([*self._seed, self._first + index]))
        parts = (scene.frames, scene.frames_known, scene.clip, scene.clip_known)
        return torch.from_numpy(scene.audio), Target(*(torch.from_numpy(part) for part in parts))


class TrainingModule(lightning.LightningModule):
    """Detector, loss, optimiser and scenes of one run.

    Args:
        recipe: all settings.
        train: clips to train on.
        validation: clips to validate on, or None.
        detector: another network with the recipe's frames and with the methods `logmel` and `predict` of `Detector`;
            None: a `Detector` of the recipe.
    """

    def __init__(
        self, recipe: Recipe, train: Corpus, validation: Corpus | None, detector: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.recipe, self.labels = recipe, train.labels
        self.detector: Any = Detector(recipe, len(train.labels)) if detector is None else detector
        self.to(memory_format=torch.channels_last)
        self.loss = DetectionLoss(recipe.loss, train.labels, recipe.frame_seconds)
        train.require_scenes(recipe.scenes)
        if validation is not None:
            validation.require_scenes(recipe.scenes, all_labels=False)
        self.mixer = SceneMixer(train, recipe)
        self._validation = None if validation is None else SceneMixer(validation, recipe)
        self._fixed_scenes: list[tuple[Tensor, Target]] = []
        self.average_precision, self.f1 = FrameMap(len(train.labels)), FrameF1(len(train.labels))

    def on_train_epoch_start(self) -> None:
        # Random numbers follow from the epoch's number, so that a resumed run continues as an uninterrupted one.
        torch.manual_seed((self.recipe.training.seed * 1_000 + self.global_rank) * 1_000 + self.current_epoch)

    def train_dataloader(self) -> DataLoader[tuple[Tensor, Target]]:
        training = self.recipe.training
        count = training.validate_every_steps * training.batch_size
        # An epoch is the time between two validations; a resumed run continues with the scenes that come next.
        scenes = SceneDataset(self.mixer, (training.seed, 0), self.current_epoch * count, count)
        return DataLoader(scenes, batch_size=self._share, num_workers=training.workers)

    def val_dataloader(self) -> DataLoader[tuple[Tensor, Target]] | list[None]:
        if self._validation is None:
            return []
        if not self._fixed_scenes:
            scenes = SceneDataset(
                self._validation, (self.recipe.training.seed, 1), 0, self.recipe.data.validation_scenes
            )
            self._fixed_scenes = [scenes[index] for index in range(len(scenes))]
        return DataLoader(self._fixed_scenes, batch_size=self._share)  # type: ignore[arg-type]  # a list is a dataset

    @property
    def _share(self) -> int:
        """Scenes of each batch that this process computes."""
        return self.recipe.training.batch_size // self.trainer.world_size

    def training_step(self, batch: tuple[Tensor, Target]) -> Tensor:
        audio, target = augment_audio(*batch, self.recipe)
        logmel, target = augment_logmel(self.logmel(audio), target, self.recipe)
        loss: Tensor = self.loss(self.predict(logmel, self.encode(audio)), target)
        self.log("loss", loss, prog_bar=True)
        return loss

    def validation_step(self, batch: tuple[Tensor, Target]) -> Tensor:
        audio, target = batch
        prediction = self.predict(self.logmel(audio), self.encode(audio))
        self.log("validation_loss", self.loss(prediction, target), prog_bar=True, batch_size=len(audio), sync_dist=True)
        truth = torch.where(target.frames_known > 0, (target.frames >= 0.5).long(), -1).flatten(0, 1)
        scores = torch.sigmoid(prediction.frames)
        # The curves need a hundred numbers for every frame and class: not too many frames at once.
        rows = max(1, 20_000_000 // (THRESHOLDS * len(self.labels)))
        for name, metric in (("frame_map", self.average_precision), ("frame_f1", self.f1)):
            for part, true in zip(torch.split(scores.flatten(0, 1), rows), torch.split(truth, rows), strict=True):
                metric.update(part, true)
            self.log(f"validation_{name}", metric, prog_bar=True, batch_size=len(audio))
        return scores

    def configure_optimizers(self) -> Any:
        training = self.recipe.training
        optimiser = torch.optim.AdamW(self.parameters(), lr=training.learning_rate, weight_decay=training.weight_decay)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, self._rate_factor)
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["recipe"], checkpoint["labels"] = self.recipe.to_dict(), list(self.labels)

    def _rate_factor(self, step: int) -> float:
        """Learning rate factor: a linear warm-up, then half a cosine down to 0."""
        training = self.recipe.training
        if step < training.warmup_steps:
            return (step + 1) / training.warmup_steps
        done = (step - training.warmup_steps) / max(1, training.steps - training.warmup_steps)
        return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))

    def logmel(self, audio: Tensor) -> Tensor:
        """Log-mel spectrograms of scenes; `[batch, 1, context + frames * time_stride, n_mels]`, dB."""
        # The frontend computes in fp32 with every precision.
        with torch.autocast(self.device.type, enabled=False), torch.no_grad():
            return self.detector.logmel(audio.float()).contiguous(memory_format=torch.channels_last)

    def encode(self, audio: Tensor) -> Tensor | None:
        """Vectors of scenes by the pretrained encoder, if the network has one; `[batch, windows, vector_size]`."""
        return self.detector.encode(audio) if self.recipe.has_encoder else None

    def predict(self, logmel: Tensor, vectors: Tensor | None = None) -> Prediction:
        """Logits in fp32, with every precision of the network."""
        given = (logmel,) if vectors is None else (logmel, vectors)
        return Prediction(*(logits.float() for logits in self.detector.predict(*given)))
