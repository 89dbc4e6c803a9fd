"""The trained network as one ONNX graph: audio and old embeddings in, scores and embeddings out."""

import copy
import io
import logging
import warnings
from contextlib import redirect_stdout

import onnx
import torch
from onnx import compose, version_converter
from torch import Tensor, nn

from edge.model import GRAPH_INPUTS, GRAPH_OUTPUTS
from export.errors import EncoderError
from sed.network import Checkpoint, Detector
from sed.recipe import EncoderConfig

OPSET = 20
# The domain and type of the node that stands for an encoder, and the prefix of the names that take its place.
_DOMAIN, _TYPE, ENCODER_PREFIX = "sed_edge", "Encoder", "encoder/"


def to_onnx(checkpoint: Checkpoint, half: bool = False) -> onnx.ModelProto:
    """Export `Detector.step` with batch, M and k dynamic.

    The file says so in its shapes: `audio [batch, P*k + context]`, `embeddings [batch, M, size]`.

    Args:
        checkpoint: what to export.
        half: convolutions and head in fp16. The frontend spans more decades than that can tell apart; it stays in
            fp32, as do the first block of convolutions, inputs and outputs.
    """
    recipe = checkpoint.recipe
    graph = _Graph(checkpoint.detector, half)
    # Sizes unlike each other and unlike 0 and 1, which the exporter would take for constants.
    audio = torch.zeros(2, recipe.context_samples + 3 * recipe.grid_frames * recipe.frame_samples)
    embeddings = torch.zeros(2, 5 * recipe.grid_frames, recipe.state_size)
    batch, old, new = torch.export.Dim("batch"), torch.export.Dim("M"), torch.export.Dim("k")
    shapes = {
        "audio": {0: batch, 1: recipe.frame_samples * new + recipe.context_samples},
        "embeddings": {0: batch, 1: old},
    }
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it misses torchvision, which nothing here uses
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):  # the exporter reports its steps on stdout
        warnings.simplefilter("ignore")  # of torch's own internals
        program = torch.onnx.export(
            graph,
            (audio, embeddings),
            dynamo=True,
            dynamic_shapes=shapes,
            opset_version=OPSET,
            input_names=list(GRAPH_INPUTS),
            output_names=list(GRAPH_OUTPUTS),
        )
    assert program is not None
    proto = program.model_proto
    if recipe.has_encoder:
        proto = with_encoder(proto, recipe.encoder)
    _name_frames(proto)
    onnx.checker.check_model(proto, full_check=True)
    return proto


class _Graph(nn.Module):
    """`Detector.step`, its GRU written as ONNX's own operator."""

    def __init__(self, detector: Detector, half: bool) -> None:
        super().__init__()
        self.detector = copy.deepcopy(detector)
        embedder, head = self.detector.embedder, self.detector.head
        if head.recurs:
            head.recurrent = _OnnxGru(detector.head.recurrent)  # type: ignore[assignment]  # same call, same result
        if self.detector.encoder is not None:
            size = self.detector.encoder.encoder.config.vector_size
            self.detector.encoder.encoder = _OnnxEncoder(size)  # type: ignore[assignment]  # same call, same result
        if half:
            first, *others = embedder.blocks
            embedder.blocks = nn.Sequential(first, _ToHalf(), *others)
            for module in (*others, embedder.project):
                module.half()
            self.detector.head = nn.Sequential(_ToHalf(), head.half())  # type: ignore[assignment]

    def forward(self, audio: Tensor, embeddings: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        scores, clip_scores, joined = self.detector.step(audio, embeddings)
        return scores.float(), clip_scores.float(), joined


class _ToHalf(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.half()


class _OnnxEncoder:
    """The place of a pretrained encoder, whose own graph will take it.

    Shape:
        `[windows, window_samples] -> [windows, size]`
    """

    def __init__(self, size: int) -> None:
        self.size = size

    def __call__(self, windows: Tensor) -> Tensor:
        return torch.onnx.ops.symbolic(
            f"{_DOMAIN}::{_TYPE}", (windows,), dtype=torch.float32, shape=(windows.shape[0], self.size), version=1
        )


class _OnnxGru(nn.Module):
    """A bidirectional `nn.GRU` as one ONNX node: the exporter's own decomposition would fix the length.

    Shape:
        `[batch, frames, size] -> [batch, frames, 2 * hidden]`, and the last hidden state.
    """

    inward: Tensor
    across: Tensor
    biases: Tensor

    def __init__(self, gru: nn.GRU) -> None:
        super().__init__()
        self.hidden = gru.hidden_size
        inward, across = _both_directions(gru, "weight_ih"), _both_directions(gru, "weight_hh")
        biases = torch.cat([_both_directions(gru, "bias_ih"), _both_directions(gru, "bias_hh")], dim=1)
        self.register_buffer("inward", inward)  # [2, 3 * hidden, size]
        self.register_buffer("across", across)  # [2, 3 * hidden, hidden]
        self.register_buffer("biases", biases)  # [2, 6 * hidden]

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        batch, frames = x.shape[0], x.shape[1]
        outputs, last = torch.onnx.ops.symbolic_multi_out(
            "GRU",
            (x.transpose(0, 1), self.inward, self.across, self.biases),
            {"hidden_size": self.hidden, "direction": "bidirectional", "linear_before_reset": 1},
            dtypes=(x.dtype, x.dtype),
            shapes=((frames, 2, batch, self.hidden), (2, batch, self.hidden)),
            version=OPSET,
        )
        return outputs.permute(2, 0, 1, 3).flatten(2), last


def _both_directions(gru: nn.GRU, name: str) -> Tensor:
    """Both directions' parameters with the gates in ONNX's order: torch stores reset, update, new."""
    directions = []
    for suffix in ("_l0", "_l0_reverse"):
        reset, update, new = getattr(gru, name + suffix).detach().chunk(3)
        directions.append(torch.cat([update, reset, new]))
    return torch.stack(directions)


def with_encoder(proto: onnx.ModelProto, config: EncoderConfig) -> onnx.ModelProto:
    """Put the encoder's nodes and weights into a graph.

    Args:
        proto: a graph with one node of type `_TYPE`, of windows to vectors.
        config: the encoder.

    Raises:
        EncoderError: if its operators cannot be expressed in the graph's version of them.
    """
    encoder = _converted(config, proto.opset_import)
    place = next(index for index, node in enumerate(proto.graph.node) if node.op_type == _TYPE)
    node = proto.graph.node[place]
    names = {ENCODER_PREFIX + config.input: node.input[0], ENCODER_PREFIX + config.output: node.output[0]}
    nodes = [*proto.graph.node[:place], *encoder.node, *proto.graph.node[place + 1 :]]
    for inner in encoder.node:
        inner.input[:] = [names.get(name, name) for name in inner.input]
        inner.output[:] = [names.get(name, name) for name in inner.output]
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)
    proto.graph.initializer.extend(encoder.initializer)
    kept = [opset for opset in proto.opset_import if opset.domain != _DOMAIN]
    del proto.opset_import[:]
    proto.opset_import.extend(kept)
    return proto


def _converted(config: EncoderConfig, wanted: "onnx.ModelProto.opset_import") -> onnx.GraphProto:
    """The encoder's graph in the wanted version of the operators, its names with a prefix."""
    version = next(opset.version for opset in wanted if opset.domain in ("", "ai.onnx"))
    model = onnx.load_from_string(config.file)
    others = sorted({opset.domain for opset in model.opset_import} - {"", "ai.onnx"})
    try:
        if others:
            raise ValueError(f"it uses operators of {', '.join(others)}")
        if model.opset_import[0].version != version:
            model = version_converter.convert_version(model, version)
    except (ValueError, RuntimeError, onnx.checker.ValidationError) as exc:
        raise EncoderError(
            f"the encoder cannot be put into the graph ({exc}); give one with ONNX's own operators, version {version}"
        ) from exc
    return compose.add_prefix_graph(model.graph, ENCODER_PREFIX)


def _name_frames(proto: onnx.ModelProto) -> None:
    """Give the outputs' frames the name `M + k`; the exporter knows only that they are as many."""
    for output in proto.graph.output:
        if output.name != "clip_scores":
            output.type.tensor_type.shape.dim[1].dim_param = "M + k"
