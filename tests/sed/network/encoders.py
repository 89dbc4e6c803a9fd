"""A pretrained encoder for tests: one convolution over 0.3 s of samples, in an older version of ONNX's operators."""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from sed.network.checkpoint import Checkpoint
from sed.network.detector import Detector
from sed.recipe.config import Recipe, load_recipe
from tests.conftest import TINY_RECIPE

WINDOW_SAMPLES, VECTOR_SIZE = 4800, 6
ENCODER_RECIPE = TINY_RECIPE.replace("[scenes]", 'encoder = "encoder.onnx"\nencoder_hop = 0.2\n[scenes]')
_TOML = f"""
input = "sound"
output = "vector"
window_samples = {WINDOW_SAMPLES}
vector_size = {VECTOR_SIZE}
licence = "CC0"
source = "random numbers"
"""


def write_encoder(folder: Path) -> None:
    """Write encoder.onnx, encoder.toml and a recipe for them, encoded.toml."""
    rng = np.random.default_rng(0)
    weights = {"kernel": (VECTOR_SIZE, 1, 32), "bias": (VECTOR_SIZE,)}
    nodes = [
        helper.make_node("Unsqueeze", ["sound", "one"], ["channel"]),
        helper.make_node("Conv", ["channel", "kernel", "bias"], ["filtered"], strides=[32]),
        helper.make_node("Relu", ["filtered"], ["positive"]),
        helper.make_node("ReduceMean", ["positive"], ["vector"], axes=[2], keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "encoder",
        [helper.make_tensor_value_info("sound", TensorProto.FLOAT, ["windows", WINDOW_SAMPLES])],
        [helper.make_tensor_value_info("vector", TensorProto.FLOAT, ["windows", VECTOR_SIZE])],
        [numpy_helper.from_array(rng.normal(0, 0.5, size).astype(np.float32), name) for name, size in weights.items()]
        + [numpy_helper.from_array(np.array([1]), "one")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, folder / "encoder.onnx")
    (folder / "encoder.toml").write_text(_TOML)
    (folder / "encoded.toml").write_text(ENCODER_RECIPE)


def encoder_recipe(folder: Path) -> Recipe:
    """The recipe of a small network with that encoder, whose files are written into a folder."""
    write_encoder(folder)
    return load_recipe(folder / "encoded.toml")


def encoder_checkpoint(folder: Path) -> Checkpoint:
    """An untrained network of that recipe, whose vectors count for something."""
    recipe = encoder_recipe(folder)
    torch.manual_seed(0)
    detector = Detector(recipe, 2).eval()
    assert detector.encoder is not None
    with torch.no_grad():
        detector.encoder.project.weight.mul_(20)
    return Checkpoint(recipe=recipe, labels=("one", "two"), detector=detector)
