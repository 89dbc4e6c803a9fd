"""The training loss: of every frame, of the pooled clip, and of each class's frame with the highest score."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sed.network import Prediction
from sed.recipe import LossConfig


class Target(NamedTuple):
    """Targets of scenes and their weights, which are 0 where the truth is not known.

    Attributes:
        frames: `[batch, frames, classes]`, the share of each frame that an event of the class covers.
        frames_known: `[batch, frames, classes]`, weights.
        clip: `[batch, classes]`, whether the class is in the scene.
        clip_known: `[batch, classes]`, weights.
    """

    frames: Tensor
    frames_known: Tensor
    clip: Tensor
    clip_known: Tensor


class DetectionLoss(nn.Module):
    """Cross-entropy of frames, plus that of the pooled clip and of each class's highest frame logit.

    The clip terms matter for events of a frame or two, which hardly change the mean over frames, and they are the only
    terms for weak labels. Frames near an onset or offset may have more weight, after "Onset and offset weighted loss
    function for sound event detection" (arXiv 2403.13254).

    Args:
        config: terms and weights.
        labels: in the order of the classes.
        frame_seconds: length of a frame.
    """

    weights: Tensor

    def __init__(self, config: LossConfig, labels: Sequence[str], frame_seconds: float) -> None:
        super().__init__()
        self.config, self.border_frames = config, max(1, round(config.border_seconds / frame_seconds))
        weights = torch.tensor([config.class_weights.get(label, 1.0) for label in labels])
        self.register_buffer("weights", weights, persistent=False)

    def forward(self, prediction: Prediction, target: Target) -> Tensor:
        frames_weights = target.frames_known * self.weights
        if self.config.border > 0.0:
            frames_weights = frames_weights * (1.0 + self.config.border * _near_borders(target, self.border_frames))
        clip_weights = target.clip_known * self.weights
        loudest = torch.amax(prediction.frames, dim=1)
        return (
            self._mean(prediction.frames, target.frames, frames_weights)
            + self.config.clip * self._mean(prediction.clip, target.clip, clip_weights)
            + self.config.loudest * self._mean(loudest, target.clip, clip_weights)
        )

    def _mean(self, logits: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
        smoothed = truth * (1.0 - self.config.label_smoothing) + self.config.label_smoothing / 2
        losses = F.binary_cross_entropy_with_logits(logits, smoothed, reduction="none")
        if self.config.kind == "focal":
            losses = losses * torch.abs(torch.sigmoid(logits) - smoothed) ** self.config.focal_gamma
        return (losses * weights).sum() / torch.clamp(weights.sum(), min=1.0)


def _near_borders(target: Target, frames: int) -> Tensor:
    """The greatest onset or offset within so many frames on either side. `[batch, frames, classes]`, 0 to 1."""
    changes = F.pad(torch.diff(target.frames, dim=1).abs().transpose(1, 2), (frames, frames))
    return F.max_pool1d(changes, 2 * frames, stride=1).transpose(1, 2)
