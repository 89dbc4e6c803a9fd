"""A model file: its card, the provider that runs it, and its scores for a stream of samples.

card            the description of a model that its file carries
inference       an opened model file, and one call of its graph
library         the models that come with this package, found by name
providers       the execution provider that runs a model, and why CUDA cannot be used
ring_buffer     the newest samples of a source
rewriting       a model file with another card
score_stream    samples -> frame scores, by a sliding window
"""

from edge.model.card import METADATA_KEY, PRECISIONS, Card, ClassDecoding
from edge.model.inference import GRAPH_INPUTS, GRAPH_OUTPUTS, Floats, Model, Step
from edge.model.library import find_model, shipped_model, shipped_models
from edge.model.providers import (
    PROVIDERS,
    Node,
    import_onnxruntime,
    nvidia_gpu_present,
    onnxruntime_packages,
    open_session,
    profiled_nodes,
    session_options,
    short_provider_name,
    why_no_cuda,
)
from edge.model.rewriting import with_card
from edge.model.ring_buffer import RingBuffer
from edge.model.score_stream import ScoreStream, StepModel, Window, window_of

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
    "RingBuffer",
    "ScoreStream",
    "Step",
    "StepModel",
    "Window",
    "find_model",
    "import_onnxruntime",
    "nvidia_gpu_present",
    "onnxruntime_packages",
    "open_session",
    "profiled_nodes",
    "session_options",
    "shipped_model",
    "shipped_models",
    "short_provider_name",
    "why_no_cuda",
    "window_of",
    "with_card",
]
