"""An opened model file: its card, and its graph run by ONNX Runtime."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.errors import ModelError, SedError
from edge.model.card import METADATA_KEY, Card
from edge.model.library import find_model
from edge.model.providers import open_session, short_provider_name

Floats = NDArray[np.float32]
GRAPH_INPUTS = ("audio", "embeddings")
GRAPH_OUTPUTS = ("scores", "clip_scores", "embeddings_out")
_LARGEST_EMBEDDING = 65_536


class Step(NamedTuple):
    """What one call of the graph returns.

    Attributes:
        scores: `[batch, M + k, classes]`, probability of every class in every frame.
        clip_scores: `[batch, classes]`, pooled over the window.
        embeddings: `[batch, M + k, embedding_size]`.
    """

    scores: Floats
    clip_scores: Floats
    embeddings: Floats


class Model:
    """An exported model file, opened.

    Args:
        path: the `.onnx` file, or the name of a shipped model.
        provider: one of `edge.model.providers.PROVIDERS`.
        threads: that one step may use.

    Raises:
        InstallError: if ONNX Runtime is missing, both of its packages are installed, or CUDA was requested and fails.
        ModelError: if the file cannot be read, has no card of sed-edge, or a card that is incomplete.
    """

    def __init__(self, path: Path, provider: str = "auto", threads: int = 1) -> None:
        path = find_model(path)
        self._path = path
        try:
            self._session = open_session(path, provider, threads)
            card = self._session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
            self._inputs = {node.name: node.shape for node in self._session.get_inputs()}
            outputs = tuple(node.name for node in self._session.get_outputs())
        except SedError:
            raise
        except Exception as exc:  # ONNX Runtime's own exceptions share no base but this
            raise ModelError(
                f"{path}: is no ONNX model that can be loaded; give the .onnx that sed-export wrote"
            ) from exc
        if card is None:
            raise ModelError(
                f"{path}: is an ONNX model without a card of sed-edge; give the .onnx that sed-export wrote"
            )
        self.card = Card.from_json(card, str(path))
        if tuple(self._inputs) != GRAPH_INPUTS or outputs != GRAPH_OUTPUTS:
            raise ModelError(
                f"{path}: its graph has inputs {tuple(self._inputs)} and outputs {outputs}, "
                f"expected {GRAPH_INPUTS} and {GRAPH_OUTPUTS}; export the model again"
            )
        self.embedding_size = self._embedding_size()
        self._check_answer()

    @property
    def provider(self) -> str:
        """The execution provider that runs it: `CPU` or `CUDA`."""
        return short_provider_name(self._session.get_providers()[0])

    def step(self, audio: Floats, embeddings: Floats) -> Step:
        """Call the graph once.

        Args:
            audio: `[batch, context_samples + k * frame_samples]` at the card's rate, in [-1, 1].
            embeddings: `[batch, M, embedding_size]` that earlier calls returned; M may be 0.
        """
        # ONNX Runtime does not check the shapes that the file declares.
        fresh = audio.shape[1] - self.card.context_samples
        assert fresh > 0 and fresh % self.card.frame_samples == 0, audio.shape
        try:
            return Step(*self._session.run(GRAPH_OUTPUTS, {"audio": audio, "embeddings": embeddings}))
        except Exception as exc:  # ONNX Runtime's own exceptions share no base but this
            reason = str(exc).partition("\n")[0]
            raise ModelError(
                f"{self._path}: its graph cannot run on {self.provider} ({reason}); export the model again, or "
                "try --provider cpu"
            ) from exc

    def _embedding_size(self) -> int:
        shape = self._inputs["embeddings"]
        if len(shape) != 3 or not isinstance(shape[2], int) or not 0 < shape[2] <= _LARGEST_EMBEDDING:
            raise ModelError(
                f"{self._path}: its graph declares embeddings of shape {shape}, expected [batch, frames, size] with a "
                f"size up to {_LARGEST_EMBEDDING}; export the model again"
            )
        return int(shape[2])

    def _check_answer(self) -> None:
        """Run the graph on one frame of silence, so that a graph that does not fit its card is refused at once."""
        silence = np.zeros((1, self.card.context_samples + self.card.frame_samples), dtype=np.float32)
        step = self.step(silence, np.zeros((1, 0, self.embedding_size), dtype=np.float32))
        shapes = [array.shape for array in step]
        classes = len(self.card.labels)
        expected = [(1, 1, classes), (1, classes), (1, 1, self.embedding_size)]
        if shapes != expected or not all(np.isfinite(array).all() for array in step):
            raise ModelError(
                f"{self._path}: its graph answers one frame of silence with shapes {shapes}, expected {expected} and "
                "finite numbers; export the model again"
            )
