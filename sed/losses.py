"""The training loss: what every frame says, what the clip says, and what its loudest frame says."""

import torch
import torch.nn.functional as F
from torch import Tensor

from sed.config import TrainingConfig
from sed.model import Prediction


def detection_loss(prediction: Prediction, truth: Tensor, config: TrainingConfig) -> Tensor:
    """Binary cross-entropy of frames, plus that of the pooled clip and of each class's loudest frame.

    The clip terms hold where only a frame or two carries the event and the mean over frames hardly feels it.

    Args:
        prediction: logits.
        truth: `[batch, frames, classes]`, 0 to 1.
        config: weights of the terms.

    Returns:
        A scalar.
    """
    clip_truth = torch.amax(truth, dim=1)
    frames = F.binary_cross_entropy_with_logits(prediction.frames, truth)
    clip = F.binary_cross_entropy_with_logits(prediction.clip, clip_truth)
    loudest = F.binary_cross_entropy_with_logits(torch.amax(prediction.frames, dim=1), clip_truth)
    return frames + config.clip_loss_weight * clip + config.loudest_loss_weight * loudest
