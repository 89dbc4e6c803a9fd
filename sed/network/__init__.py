"""The network: its log-mel frontend, its layers, and the checkpoint that holds its weights.

checkpoint    the file that training leaves and export takes
detector      the network
frontend      log-mel
"""

from sed.network.checkpoint import Checkpoint, TorchModel, file_key, load, load_checkpoint, make_card, save_checkpoint
from sed.network.detector import Detector, Prediction
from sed.network.frontend import LogMel, torchlibrosa_frontend

__all__ = [
    "Checkpoint",
    "Detector",
    "LogMel",
    "Prediction",
    "TorchModel",
    "file_key",
    "load",
    "load_checkpoint",
    "make_card",
    "save_checkpoint",
    "torchlibrosa_frontend",
]
