"""The file that training leaves and export takes: weights, recipe, labels and figures in one."""

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
_WANTED = "give the model.ckpt that sed-train wrote"


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A trained detector.

    Attributes:
        recipe: what it was trained by.
        labels: event labels, in the order of the classes.
        detector: the network, in evaluation mode.
        training: what it was trained on, in words and numbers.
        validation: figures, each with what it was measured on.
        learnt: what it was trained on, as `file_key` says it.
        sha256: of the file that it was read from; empty for one that has none yet.
    """

    recipe: Recipe
    labels: tuple[str, ...]
    detector: Detector
    training: dict[str, Any] = field(default_factory=dict)
    validation: dict[str, Any] = field(default_factory=dict)
    learnt: frozenset[str] = frozenset()
    sha256: str = ""


def file_key(path: Path) -> str:
    """What tells a file from all others of this machine, and nothing of its name."""
    return hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint, whole or not at all."""
    part = path.with_name(path.name + ".part")
    values = {
        "format": _FORMAT,
        "recipe": checkpoint.recipe.to_dict(),
        "labels": list(checkpoint.labels),
        "weights": checkpoint.detector.state_dict(),
        "training": checkpoint.training,
        "validation": checkpoint.validation,
        "learnt": sorted(checkpoint.learnt),
    }
    with part.open("wb") as file:  # torch has no OSError for a place that cannot be written to
        torch.save(values, file)
    part.replace(path)


def load(path: Path, advice: str) -> tuple[dict[str, Any], str]:
    """Read what torch has saved.

    Args:
        path: of the file.
        advice: the end of an error's message.

    Returns:
        The values, none if they have no names, and the file's SHA-256.

    Raises:
        CheckpointError: if the file is missing, damaged or another program's.
    """
    try:
        content = path.read_bytes()
        values = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except OSError as exc:
        raise CheckpointError(f"{path}: cannot be read ({exc.strerror}); {advice}") from exc
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, LookupError) as exc:
        raise CheckpointError(f"{path}: is no checkpoint, or is damaged; {advice}") from exc
    return values if isinstance(values, dict) else {}, hashlib.sha256(content).hexdigest()


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        CheckpointError: if the file is missing or is no checkpoint of ours.
    """
    values, sha256 = load(path, _WANTED)
    if values.get("format") != _FORMAT:
        raise CheckpointError(f"{path}: is no finished checkpoint of sed-edge; {_WANTED}")
    recipe = Recipe.from_dict(values["recipe"], str(path))
    detector = Detector(recipe, len(values["labels"]))
    try:
        detector.load_state_dict(values["weights"])
    except RuntimeError as exc:
        raise CheckpointError(
            f"{path}: holds the weights of another version's network; train again with this one"
        ) from exc
    return Checkpoint(
        recipe=recipe,
        labels=tuple(values["labels"]),
        detector=detector.eval(),
        training=values["training"],
        validation=values["validation"],
        learnt=frozenset(values.get("learnt", ())),
        sha256=sha256,
    )


def make_card(checkpoint: Checkpoint) -> Card:
    """What the checkpoint's exported file will say of itself, but for its parity."""
    recipe = checkpoint.recipe
    return Card(
        model_id=f"{recipe.name}-{_fingerprint(checkpoint.detector)}",
        parent_sha256=checkpoint.sha256,
        labels=checkpoint.labels,
        sample_rate=recipe.frontend.sample_rate,
        context_samples=recipe.context_samples,
        frame_samples=recipe.frame_samples,
        window_frames=recipe.frames(recipe.stream.window),
        hop_frames=recipe.frames(recipe.stream.hop),
        lookahead_frames=recipe.frames(recipe.stream.lookahead),
        grid_frames=recipe.network.head_stride,
        decoding={label: recipe.class_decoding(label) for label in checkpoint.labels},
        frontend=recipe.frontend.to_dict(),
        precision="fp32",
        parity={},
        training=checkpoint.training,
        validation=checkpoint.validation,
        licence=recipe.licence,
    )


def _fingerprint(detector: Detector) -> str:
    """Eight digits that change with any weight."""
    digest = hashlib.sha256()
    for name, tensor in sorted(detector.state_dict().items()):
        digest.update(name.encode() + tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()[:8]


class TorchModel:
    """A trained network that takes steps as an exported file does.

    Args:
        checkpoint: its detector is used as it is, in evaluation mode.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.card, self.learnt = make_card(checkpoint), checkpoint.learnt
        self.embedding_size = checkpoint.recipe.network.embedding_size
        self._detector = checkpoint.detector

    def step(self, audio: NDArray[np.float32], embeddings: NDArray[np.float32]) -> Step:
        """See `edge.model.inference.Model.step`."""
        with torch.no_grad():
            outputs = self._detector.step(torch.from_numpy(audio), torch.from_numpy(embeddings))
        return Step(*(output.numpy() for output in outputs))
