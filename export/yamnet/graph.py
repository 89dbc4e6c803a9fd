"""YAMNet as a graph of the project's contract: audio with context and old logits in, scores of frames out.

    audio      ... |──── context ────|── frame 0 ──|── frame 1 ──|      a frame is 0.48 s
    patch 0        [ 0.975 s, ends with frame 0    ]
    patch 1                      [ 0.975 s, ends with frame 1    ]
    frame 0                           in patches 0 and 1: the mean of their logits is its score

A patch is longer than a frame by half a second, so each frame lies in two of them. One patch alone says that a sound is
somewhere in a second; what both say is where they overlap. The last frame has its own patch only, so it is held back.
"""

import io
import logging
import warnings
from contextlib import redirect_stdout

import onnx
import torch
from torch import Tensor, nn

from export.graph import OPSET
from export.yamnet.network import CLASSES, HOP_SAMPLES, PATCH_FRAMES, PATCH_SAMPLES, LogMel, YamNet

_HALF_PATCH = PATCH_FRAMES // 2
FRAME_SAMPLES = _HALF_PATCH * HOP_SAMPLES
CONTEXT_SAMPLES = PATCH_SAMPLES - FRAME_SAMPLES


class GeneralGraph(nn.Module):
    """One call of the graph; the embedding of a frame is the logits of the patch that ends with it.

    Shape:
        audio `[batch, context + k * frame]`, embeddings `[batch, M, 521]` -> scores `[batch, M + k, 521]`, clip scores
        `[batch, 521]`, embeddings `[batch, M + k, 521]`.
    """

    def __init__(self, network: YamNet) -> None:
        super().__init__()
        self.frontend, self.network = LogMel(), network

    def forward(self, audio: Tensor, embeddings: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        batch = audio.shape[0]
        logmel = self.frontend(audio)  # [B, 48 + 48 k, 64]
        halves = logmel.reshape(batch, -1, _HALF_PATCH, logmel.shape[2])
        patches = torch.cat([halves[:, :-1], halves[:, 1:]], dim=2)  # [B, k, 96, 64]
        logits = self.network(patches.reshape(-1, PATCH_FRAMES, logmel.shape[2])).reshape(batch, -1, CLASSES)
        window = torch.cat([embeddings, logits], dim=1)
        following = torch.cat([window[:, 1:], window[:, -1:]], dim=1)
        return torch.sigmoid((window + following) / 2), torch.sigmoid(window).mean(dim=1), window


def to_onnx(graph: GeneralGraph) -> onnx.ModelProto:
    """The graph with batch, M and k dynamic, in fp32."""
    audio = torch.zeros(2, CONTEXT_SAMPLES + 3 * FRAME_SAMPLES)
    embeddings = torch.zeros(2, 5, CLASSES)
    batch, old, new = torch.export.Dim("batch"), torch.export.Dim("M"), torch.export.Dim("k")
    shapes = {"audio": {0: batch, 1: FRAME_SAMPLES * new + CONTEXT_SAMPLES}, "embeddings": {0: batch, 1: old}}
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it misses torchvision, which nothing here uses
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):  # the exporter reports its steps on stdout
        warnings.simplefilter("ignore")  # of torch's own internals
        program = torch.onnx.export(
            graph.eval(),
            (audio, embeddings),
            dynamo=True,
            dynamic_shapes=shapes,
            opset_version=OPSET,
            input_names=["audio", "embeddings"],
            output_names=["scores", "clip_scores", "embeddings_out"],
        )
    assert program is not None
    onnx.checker.check_model(program.model_proto, full_check=True)
    return program.model_proto
