"""A graph on an execution provider, or why not; and which of its nodes run where.

What ONNX Runtime runs elsewhere than it was asked to is a failure here, never a measurement.
"""

import ctypes
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

from edge.errors import InstallError
from edge.model import (
    Node,
    import_onnxruntime,
    open_session,
    profiled_nodes,
    session_options,
    short_provider_name,
    why_no_cuda,
)

PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
}
_ON_GPU = ("cuda", "tensorrt")
_TENSORRT = "nvinfer_10.dll" if sys.platform == "win32" else "libnvinfer.so.10"
# Two graphs of one node: a product of two matrices, and the newest frames of embeddings.
SGEMM_GRAPH, NEWEST_GRAPH = (Path(__file__).with_name(name) for name in ("sgemm.onnx", "newest.onnx"))


def usual_providers() -> list[str]:
    """The CPU and CUDA, and those of the others that are installed."""
    return [name for name in PROVIDERS if name in ("cpu", "cuda") or why_absent(name) is None]


def why_absent(provider: str) -> str | None:
    """Why a provider cannot be had here, and what to do; None as far as nothing is found against it."""
    onnxruntime = import_onnxruntime()
    if provider == "cpu":
        return None
    if provider != "cuda" and PROVIDERS[provider] not in onnxruntime.get_available_providers():
        return (
            f"this onnxruntime {onnxruntime.__version__} is built without it; "
            f"see https://onnxruntime.ai for a package with {short_provider_name(PROVIDERS[provider])}"
        )
    if provider == "tensorrt":
        # The package for CUDA is built with it, and does not bring it.
        try:
            ctypes.CDLL(_TENSORRT)
        except OSError as exc:
            return f"TensorRT 10 is not installed ({exc}); see https://developer.nvidia.com/tensorrt"
    return why_no_cuda(onnxruntime) if provider in _ON_GPU else None


def device_of(provider: str) -> str | None:
    """Where a provider's memory is, as ONNX Runtime names it; None where that is the machine's own."""
    return "cuda" if provider in _ON_GPU else None


def open_on(path: Path, provider: str, threads: int = 1, profile: Path | None = None) -> Any:
    """An `onnxruntime.InferenceSession` on that provider and no other, but for nodes that it does not know.

    Args:
        path: the `.onnx` file.
        provider: one of `PROVIDERS`.
        threads: that one call may use.
        profile: where to write which node ran where, as the beginning of a file's name.

    Raises:
        InstallError: if ONNX Runtime fell back to another.
    """
    if provider in ("cpu", "cuda"):
        return open_session(path, provider, threads, profile)
    onnxruntime = import_onnxruntime()
    options = session_options(onnxruntime, threads, profile)
    wished = [PROVIDERS[provider], *([PROVIDERS["cuda"]] if provider == "tensorrt" else []), PROVIDERS["cpu"]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a provider that it does not have: that is seen below
        session = onnxruntime.InferenceSession(str(path), options, providers=wished, enable_fallback=0)
    if session.get_providers()[0] != PROVIDERS[provider]:
        ran = short_provider_name(session.get_providers()[0])
        raise InstallError(f"it fell back to {ran}; see what ONNX Runtime says on stderr")
    return session


def nodes(path: Path, provider: str, inputs: dict[str, Any]) -> list[Node]:
    """The nodes of one call, in their order, by ONNX Runtime's own account.

    Raises:
        InstallError: if another provider ran a convolution, in which half of the work is, or all of them.
    """
    with tempfile.TemporaryDirectory() as folder:
        session = open_on(path, provider, profile=Path(folder) / "call")
        found = profiled_nodes(session, inputs)
    elsewhere = [node for node in found if node.provider != short_provider_name(PROVIDERS[provider])]
    if len(elsewhere) == len(found) or any("Conv" in node.operator for node in elsewhere):
        ran = " and ".join(sorted({node.provider for node in elsewhere}))
        raise InstallError(f"{len(elsewhere)} of {len(found)} nodes ran on {ran}")
    return found
