"""The training of a network.

augment          augmentation of batches
frame_metrics    metrics of frame scores for validation
losses           targets and the loss
module           the Lightning module of a run
progress         the progress bar of a run
run              a training run: callbacks, resuming, the weights to keep
tensorboard      pictures for TensorBoard
"""

from sed.training.augment import augment_audio, augment_logmel
from sed.training.losses import Target
from sed.training.module import SceneDataset, TrainingModule
from sed.training.run import RESUME_NAME, fit, require_same_labels, require_same_recipe, train_network

__all__ = [
    "RESUME_NAME",
    "SceneDataset",
    "Target",
    "TrainingModule",
    "augment_audio",
    "augment_logmel",
    "fit",
    "require_same_labels",
    "require_same_recipe",
    "train_network",
]
