"""The checkpoint: the file that training writes and export reads, with weights, recipe, labels and metrics."""

import hashlib
import io
import pickle
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from edge.model import Card, Step
from sed.errors import CheckpointError
from sed.network.detector import Detector
from sed.recipe import Recipe

_FORMAT = "sed-edge checkpoint 1"
_ADVICE = "give the model.ckpt that sed-train wrote"


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A trained detector.

    Attributes:
        recipe: the settings it was trained with.
        labels: event labels, in the order of the classes.
        detector: the network, in evaluation mode.
        training: about its training data, for the card.
        validation: its metrics and the recordings they were measured on, for the card.
        training_files: the `file_key` of each file it was trained on. The file calls them `learnt`.
        sha256: of the file that it was read from; empty if it was not read from a file.
    """

    recipe: Recipe
    labels: tuple[str, ...]
    detector: Detector
    training: dict[str, Any] = field(default_factory=dict)
    validation: dict[str, Any] = field(default_factory=dict)
    training_files: frozenset[str] = frozenset()
    sha256: str = ""


def file_key(path: Path) -> str:
    """A hash of the file's path: identifies a file on this machine without its name."""
    return hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; if this fails, an older file stays as it was."""
    part = path.with_name(path.name + ".part")
    values = {
        "format": _FORMAT,
        "recipe": checkpoint.recipe.to_dict(),
        "labels": list(checkpoint.labels),
        "weights": checkpoint.detector.state_dict(),
        "training": checkpoint.training,
        "validation": checkpoint.validation,
        "learnt": sorted(checkpoint.training_files),
    }
    with part.open("wb") as file:  # torch.save itself raises no OSError for a path that cannot be written
        torch.save(values, file)
    part.replace(path)


def read_torch_file(path: Path, advice: str) -> tuple[dict[str, Any], str]:
    """Read a file that `torch.save` wrote.

    Args:
        path: of the file.
        advice: what to do; the end of an error's message.

    Returns:
        Its dictionary, empty if it holds something else, and the file's SHA-256.

    Raises:
        CheckpointError: if the file is missing, damaged or of another format.
    """
    try:
        content = path.read_bytes()
        values = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except OSError as exc:
        raise CheckpointError(f"{path}: cannot be read ({exc.strerror}); {advice}") from exc
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, LookupError) as exc:
        raise CheckpointError(f"{path}: is not a checkpoint, or is damaged; {advice}") from exc
    return values if isinstance(values, dict) else {}, hashlib.sha256(content).hexdigest()


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        CheckpointError: if the file is missing or is not a checkpoint of sed-edge.
    """
    values, sha256 = read_torch_file(path, _ADVICE)
    if values.get("format") != _FORMAT:
        raise CheckpointError(f"{path}: is not a finished checkpoint of sed-edge; {_ADVICE}")
    recipe = Recipe.from_dict(values["recipe"], str(path))
    detector = Detector(recipe, len(values["labels"]))
    try:
        detector.load_state_dict(values["weights"])
    except RuntimeError as exc:
        raise CheckpointError(
            f"{path}: has the weights of another version's network; train again with this version"
        ) from exc
    return Checkpoint(
        recipe=recipe,
        labels=tuple(values["labels"]),
        detector=detector.eval(),
        training=values["training"],
        validation=values["validation"],
        training_files=frozenset(values.get("learnt", ())),
        sha256=sha256,
    )


def make_card(checkpoint: Checkpoint) -> Card:
    """Make the card of the checkpoint's exported file, except for its parity."""
    recipe = checkpoint.recipe
    return Card(
        model_id=f"{recipe.name}-{_fingerprint(checkpoint)}",
        parent_sha256=checkpoint.sha256,
        labels=checkpoint.labels,
        sample_rate=recipe.frontend.sample_rate,
        context_samples=recipe.context_samples,
        frame_samples=recipe.frame_samples,
        window_frames=recipe.frames(recipe.stream.window),
        hop_frames=recipe.frames(recipe.stream.hop),
        lookahead_frames=recipe.frames(recipe.stream.lookahead),
        grid_frames=recipe.grid_frames,
        decoding={label: recipe.class_decoding(label) for label in checkpoint.labels},
        frontend=recipe.frontend.to_dict(),
        precision="fp32",
        parity={},
        training=_training(checkpoint),
        validation=checkpoint.validation,
        licence=recipe.licence,
    )


def _training(checkpoint: Checkpoint) -> dict[str, Any]:
    """About the training data, and whose the pretrained encoder is."""
    if not checkpoint.recipe.has_encoder:
        return checkpoint.training
    encoder = checkpoint.recipe.encoder
    described = {"source": encoder.source, "licence": encoder.licence}
    return {**checkpoint.training, "encoder": {"name": Path(checkpoint.recipe.network.encoder).stem, **described}}


def _fingerprint(checkpoint: Checkpoint) -> str:
    """Eight hexadecimal digits of a hash of all weights."""
    digest = hashlib.sha256(checkpoint.recipe.encoder.file)
    for name, tensor in sorted(checkpoint.detector.state_dict().items()):
        digest.update(name.encode() + tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()[:8]


class TorchModel:
    """Runs a trained network step by step, with the interface of an exported model file.

    Args:
        checkpoint: its detector is used without a copy, in evaluation mode.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.card, self.training_files = make_card(checkpoint), checkpoint.training_files
        self.embedding_size = checkpoint.recipe.state_size
        self._detector = checkpoint.detector

    def step(self, audio: NDArray[np.float32], embeddings: NDArray[np.float32]) -> Step:
        """See `edge.model.inference.Model.step`."""
        with torch.no_grad():
            outputs = self._detector.step(torch.from_numpy(audio), torch.from_numpy(embeddings))
        return Step(*(output.numpy() for output in outputs))
