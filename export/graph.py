"""The trained network as one ONNX graph: audio and old embeddings in, scores and embeddings out."""

import copy
import io
import logging
import warnings
from contextlib import redirect_stdout

import onnx
import torch
from torch import Tensor, nn

from edge.model import GRAPH_INPUTS, GRAPH_OUTPUTS
from export.inlining import DOMAIN, TYPE, with_encoder
from sed.network import Checkpoint, Detector

OPSET = 20


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
            f"{DOMAIN}::{TYPE}", (windows,), dtype=torch.float32, shape=(windows.shape[0], self.size), version=1
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


def _name_frames(proto: onnx.ModelProto) -> None:
    """Give the outputs' frames the name `M + k`; the exporter knows only that they are as many."""
    for output in proto.graph.output:
        if output.name != "clip_scores":
            output.type.tensor_type.shape.dim[1].dim_param = "M + k"
