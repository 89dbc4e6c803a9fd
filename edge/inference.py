"""A model file, opened: its card and its one graph, by ONNX Runtime."""

import importlib.metadata
import logging
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.card import METADATA_KEY, Card
from edge.errors import InstallError, ModelError

_log = logging.getLogger(__name__)

Floats = NDArray[np.float32]
GRAPH_INPUTS = ("audio", "embeddings")
GRAPH_OUTPUTS = ("scores", "clip_scores", "embeddings_out")


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


def shipped_model() -> Path:
    """The model that comes with this package."""
    return Path(__file__).with_name("models") / "esc10.onnx"


class Model:
    """One exported file.

    Args:
        path: the `.onnx` file.

    Raises:
        InstallError: if ONNX Runtime is missing, or both of its packages are installed.
        ModelError: if the file cannot be read, is not ours, or its card lacks something.
    """

    def __init__(self, path: Path) -> None:
        onnxruntime = _import_onnxruntime()
        if not path.is_file():
            raise ModelError(f"{path}: no such model file; give the .onnx that sed-export wrote")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Asking for CUDA where it cannot be had falls back to the CPU by itself: what came is said below.
        available = onnxruntime.get_available_providers()
        providers = [name for name in ("CUDAExecutionProvider", "CPUExecutionProvider") if name in available]
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=providers)
        except Exception as exc:  # ONNX Runtime's own exceptions share no base but this
            raise ModelError(
                f"{path}: is no ONNX model that can be loaded; give the .onnx that sed-export wrote"
            ) from exc
        if len(providers) > 1:
            _log.info("runs on %s", self.provider.removesuffix("ExecutionProvider"))
        metadata = self._session.get_modelmeta().custom_metadata_map
        if METADATA_KEY not in metadata:
            raise ModelError(
                f"{path}: is an ONNX model without a card of sed-edge; give the .onnx that sed-export wrote"
            )
        self.card = Card.from_json(metadata[METADATA_KEY], str(path))
        inputs = tuple(node.name for node in self._session.get_inputs())
        outputs = tuple(node.name for node in self._session.get_outputs())
        if inputs != GRAPH_INPUTS or outputs != GRAPH_OUTPUTS:
            raise ModelError(
                f"{path}: its graph has inputs {inputs} and outputs {outputs}, "
                f"expected {GRAPH_INPUTS} and {GRAPH_OUTPUTS}; export the model again"
            )
        self.embedding_size = int(self._session.get_inputs()[1].shape[2])

    @property
    def provider(self) -> str:
        """The execution provider in use, such as `CPUExecutionProvider`."""
        return str(self._session.get_providers()[0])

    def step(self, audio: Floats, embeddings: Floats) -> Step:
        """Call the graph once.

        Args:
            audio: `[batch, context_samples + k * frame_samples]` at the card's rate, in [-1, 1].
            embeddings: `[batch, M, embedding_size]` that earlier calls returned; M may be 0.
        """
        # ONNX Runtime does not hold callers to the shapes that the file declares.
        fresh = audio.shape[1] - self.card.context_samples
        assert fresh > 0 and fresh % self.card.frame_samples == 0, audio.shape
        return Step(*self._session.run(GRAPH_OUTPUTS, {"audio": audio, "embeddings": embeddings}))


def _import_onnxruntime() -> Any:
    installed = [name for name in ("onnxruntime", "onnxruntime-gpu") if _is_installed(name)]
    if len(installed) == 2:
        raise InstallError(
            "onnxruntime and onnxruntime-gpu are both installed and overwrite each other; run "
            "'pip uninstall onnxruntime onnxruntime-gpu', then 'pip install sed-edge[cpu]' or, for an NVIDIA GPU, "
            "'pip install sed-edge[gpu]'"
        )
    try:
        import onnxruntime
    except ImportError as exc:
        raise InstallError(
            "onnxruntime is not installed; run 'pip install sed-edge[cpu]' or, for an NVIDIA GPU, "
            "'pip install sed-edge[gpu]'"
        ) from exc
    if installed == ["onnxruntime-gpu"]:
        onnxruntime.preload_dlls()
    return onnxruntime


def _is_installed(distribution: str) -> bool:
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
