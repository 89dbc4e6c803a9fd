"""The training of a network.

augment          augmentation of batches
frame_metrics    figures of frame scores while it trains
losses           what a network is to say, and the loss of what it says
module           one network in training
run              clips in, a trained network out
watching         what TensorBoard shows besides curves
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
