"""Models that a command reads or writes, and its messages about them."""

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

_MOST_NAMES = 20


def open_model(path: Path) -> "StepModel":
    """Open an exported file, a shipped model by its name, or a checkpoint, which needs torch."""
    if path.suffix in ("", ".onnx"):
        return Model(path)
    from sed.network import TorchModel, load_checkpoint

    return TorchModel(load_checkpoint(path))


def save_and_report(path: Path, checkpoint: "Checkpoint") -> None:
    """Write a checkpoint, and print the next command."""
    from sed.network import save_checkpoint

    save_checkpoint(path, checkpoint)
    click.echo(f"wrote {path}; next: sed-export {path} {checkpoint.recipe.name}.onnx", err=True)


def list_names(names: Sequence[str]) -> str:
    """A list of names with commas, shortened if it is long.

    >>> list_names([f"c{k}" for k in range(1, 23)])
    'c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15, c16, c17, c18, c19, c20 and 2 more'
    """
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def warn_if_trained_on(model: "StepModel", recordings: Sequence["Recording"]) -> None:
    """Warn if a model was trained on some of the recordings: its metrics on them are too good."""
    from sed.network import TorchModel, file_key

    training_files = model.training_files if isinstance(model, TorchModel) else frozenset()
    count = sum(file_key(recording.path) in training_files for recording in recordings)
    if count:
        _log.warning(
            "the model was trained on %d of %d recordings, so the metrics are too good; choose held-out ones by --fold",
            count,
            len(recordings),
        )
