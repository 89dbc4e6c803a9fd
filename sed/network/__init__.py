"""The network: its log-mel frontend, its layers, and the checkpoint that holds its weights.

checkpoint    the file that training writes and export reads
detector      the network's layers
encoder       a pretrained encoder beside the convolutions
frontend      the log-mel spectrogram
starting      the weights of a trained network as the start of another training
"""

from sed.network.checkpoint import (
    Checkpoint,
    TorchModel,
    file_key,
    load_checkpoint,
    make_card,
    read_torch_file,
    save_checkpoint,
)
from sed.network.detector import Detector, Prediction
from sed.network.encoder import Encoder
from sed.network.frontend import LogMel, torchlibrosa_frontend
from sed.network.starting import require_startable, start_from

__all__ = [
    "Checkpoint",
    "Detector",
    "Encoder",
    "LogMel",
    "Prediction",
    "TorchModel",
    "file_key",
    "load_checkpoint",
    "make_card",
    "read_torch_file",
    "require_startable",
    "save_checkpoint",
    "start_from",
    "torchlibrosa_frontend",
]
