"""Models that a command is given or leaves, and what it says of them."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.model import Model

if TYPE_CHECKING:
    from edge.model import StepModel
    from sed.evaluation import Recording
    from sed.network import Checkpoint


_log = logging.getLogger(__name__)


def open_model(path: Path) -> "StepModel":
    """An exported file, or a checkpoint, for which torch is needed."""
    if path.suffix == ".onnx":
        return Model(path)
    from sed.network import TorchModel, load_checkpoint

    return TorchModel(load_checkpoint(path))


def save_and_tell(path: Path, checkpoint: "Checkpoint") -> None:
    """Leave a checkpoint, and tell what comes next."""
    from sed.network import save_checkpoint

    save_checkpoint(path, checkpoint)
    click.echo(f"wrote {path}; next: sed-export {path} {checkpoint.recipe.name}.onnx", err=True)


def recordings_in_words(recordings: Sequence["Recording"]) -> str:
    """Which recordings they were, in the card's words."""
    names = [recording.path.name for recording in recordings]
    return ", ".join(names) if len(names) <= 10 else f"{len(names)} recordings"


def warn_if_trained_on(model: "StepModel", recordings: Sequence["Recording"]) -> None:
    """Figures of what a network has learnt say little of what it would make of anything else."""
    from sed.network import TorchModel, file_key

    learnt = model.training_files if isinstance(model, TorchModel) else frozenset()
    count = sum(file_key(recording.path) in learnt for recording in recordings)
    if count:
        _log.warning(
            "%d of %d recordings were learnt from, so that the figures flatter; --fold chooses those that were not",
            count,
            len(recordings),
        )
