"""YAMNet's vectors as a pretrained encoder: an ONNX file of windows of samples, and the TOML beside it."""

import io
import logging
import warnings
from contextlib import redirect_stdout
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from export.graph import OPSET
from export.yamnet.convert import with_byte_weights
from export.yamnet.network import PATCH_SAMPLES, SAMPLE_RATE, LogMel, YamNet, load_yamnet
from export.yamnet.tensor_bundle import read_tensors

_VECTOR_SIZE = 1024
_TOML = f"""\
input = "audio"
output = "embedding"
sample_rate = {SAMPLE_RATE}
window_samples = {PATCH_SAMPLES}
vector_size = {_VECTOR_SIZE}
licence = "Apache-2.0"
source = "YAMNet, by the TensorFlow Authors (Apache-2.0), trained on AudioSet, converted"
"""


class YamNetEncoder(nn.Module):
    """What YAMNet's classifier sees of a patch.

    Shape:
        `[windows, 15600] -> [windows, 1024]`
    """

    def __init__(self, network: YamNet) -> None:
        super().__init__()
        self.frontend, self.network = LogMel(), network

    def forward(self, audio: Tensor) -> Tensor:
        return self.network.embed(self.frontend(audio))


def write_encoder(variables: Path, out: Path, precision: str) -> None:
    """Write `out` and the TOML beside it.

    Args:
        variables: path of TensorFlow's files up to the dot, such as `variables/variables`.
        out: the `.onnx` to write.
        precision: `fp32`, or `int8` for weights in bytes, a scale an output channel; all is computed in fp32.

    Raises:
        SourceModelError: if the files are not YAMNet's.
    """
    proto = encoder_to_onnx(YamNetEncoder(load_yamnet(read_tensors(variables))))
    if precision == "int8":
        proto = with_byte_weights(proto)
    for part in (*proto.graph.node, *proto.graph.value_info, *proto.graph.input, *proto.graph.output):
        del part.metadata_props[:]  # they name files of this machine
    onnx.save(proto, out)
    out.with_suffix(".toml").write_text(_TOML, encoding="utf-8")


def encoder_to_onnx(encoder: YamNetEncoder) -> onnx.ModelProto:
    """The graph, for any number of windows."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it misses torchvision, which nothing here uses
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):  # the exporter reports its steps on stdout
        warnings.simplefilter("ignore")  # of torch's own internals
        program = torch.onnx.export(
            encoder.eval(),
            (torch.zeros(2, PATCH_SAMPLES),),
            dynamo=True,
            dynamic_shapes={"audio": {0: torch.export.Dim("windows")}},
            opset_version=OPSET,
            input_names=["audio"],
            output_names=["embedding"],
        )
    assert program is not None
    return program.model_proto
