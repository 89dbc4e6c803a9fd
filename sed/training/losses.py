"""The training loss: what every frame says, what the clip says, and what its loudest frame says."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sed.network import Prediction
from sed.recipe import LossConfig


class Target(NamedTuple):
    """What a network is to say of scenes, and how much each of it counts: 0 where nobody knows.

    Attributes:
        frames: `[batch, frames, classes]`, the share of each frame that each event covers.
        frames_known: `[batch, frames, classes]`.
        clip: `[batch, classes]`, what is in the scene.
        clip_known: `[batch, classes]`.
    """

    frames: Tensor
    frames_known: Tensor
    clip: Tensor
    clip_known: Tensor


class DetectionLoss(nn.Module):
    """Cross-entropy of frames, plus that of the pooled clip and of each class's loudest frame.

    The clip terms hold where only a frame or two carries the event and the mean over frames hardly feels it, and they
    are all that is left where borders are unknown. Frames near a border may weigh more, after "Onset and offset
    weighted loss function for sound event detection" (arXiv 2403.13254).

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
    """How much of an onset or offset lies within so many frames on either side. `[batch, frames, classes]`, 0 to 1."""
    changes = F.pad(torch.diff(target.frames, dim=1).abs().transpose(1, 2), (frames, frames))
    return F.max_pool1d(changes, 2 * frames, stride=1).transpose(1, 2)
