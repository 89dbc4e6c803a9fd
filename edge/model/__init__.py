"""A model file: what it says of itself, what runs it, and its scores for a stream of samples.

card         what a model file says of itself
inference    a model file, opened
providers    what runs a model, and why not CUDA
ring         the newest samples of a source
stream       samples -> scores, by the sliding window
"""

from edge.model.card import METADATA_KEY, PRECISIONS, Card, ClassDecoding
from edge.model.inference import GRAPH_INPUTS, GRAPH_OUTPUTS, Floats, Model, Step, shipped_model
from edge.model.providers import (
    PROVIDERS,
    Node,
    gpu_seen,
    import_onnxruntime,
    nodes_run,
    onnxruntime_packages,
    open_session,
    session_options,
    short_name,
    why_no_cuda,
)
from edge.model.ring import Ring
from edge.model.stream import ScoreStream, StepModel, Window, window_of

__all__ = [
    "GRAPH_INPUTS",
    "GRAPH_OUTPUTS",
    "METADATA_KEY",
    "PRECISIONS",
    "PROVIDERS",
    "Card",
    "ClassDecoding",
    "Floats",
    "Model",
    "Node",
    "Ring",
    "ScoreStream",
    "Step",
    "StepModel",
    "Window",
    "gpu_seen",
    "import_onnxruntime",
    "nodes_run",
    "onnxruntime_packages",
    "open_session",
    "session_options",
    "shipped_model",
    "short_name",
    "why_no_cuda",
    "window_of",
]
