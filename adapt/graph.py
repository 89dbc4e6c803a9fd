"""A correction put into a model file: a product with the embeddings, added to the logits before their sigmoid."""

from typing import TYPE_CHECKING, Any

import numpy as np

from adapt.correction import Correction
from edge.errors import InstallError, ModelError

if TYPE_CHECKING:
    import onnx

_LAST = np.iinfo(np.int64).max


def with_correction(content: bytes, correction: Correction, where: str) -> bytes:
    """An ONNX file with the correction in its graph; its card stays.

    Args:
        content: of the file.
        correction: of its scores.
        where: the file, as errors name it.

    Raises:
        InstallError: if the package onnx is missing.
        ModelError: if its scores are not made by a sigmoid.
    """
    try:
        import onnx
    except ModuleNotFoundError as exc:
        raise InstallError("--stage head needs the package onnx: pip install 'sed-edge[adapt]'") from exc
    model = onnx.load_model_from_string(content)
    nodes = model.graph.node
    producer = {name: node for node in nodes for name in node.output}
    last = producer.get("scores")
    while last is not None and last.op_type == "Cast":
        last = producer.get(last.input[0])
    if last is None or last.op_type != "Sigmoid":
        raise ModelError(f"{where}: its scores are not made by a sigmoid, so there are no logits to correct")
    logits = last.input[0]
    half = "scores" not in last.output  # the head is in fp16, and its scores are cast
    at = next(number for number, node in enumerate(nodes) if logits in node.input)
    if "embeddings_out" not in {name for node in list(nodes)[:at] for name in node.output}:
        raise ModelError(f"{where}: its scores are not made of its embeddings; adapt its thresholds instead")
    prefix = f"correction{sum(node.op_type == 'Sigmoid' for node in nodes)}_{len(nodes)}"
    for node in list(nodes)[at:]:
        for number, name in enumerate(node.input):
            if name == logits:
                node.input[number] = f"{prefix}.logits"
    added = _nodes(onnx, prefix, logits, correction.shift, half)
    for number, node in enumerate(added):
        nodes.insert(at + number, node)
    model.graph.initializer.extend(_initializers(onnx, prefix, correction))
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _nodes(onnx: Any, prefix: str, logits: str, shift: int, half: bool) -> "list[onnx.NodeProto]":
    make = onnx.helper.make_node
    nodes, embeddings = [], "embeddings_out"
    if shift > 0:
        names = [f"{prefix}.{name}" for name in ("first", "last", "axis")]
        nodes.append(make("Pad", [embeddings, f"{prefix}.pads"], [f"{prefix}.padded"]))
        nodes.append(make("Slice", [f"{prefix}.padded", *names], [f"{prefix}.centred"]))
        embeddings = f"{prefix}.centred"
    nodes.append(make("MatMul", [embeddings, f"{prefix}.weights"], [f"{prefix}.product"]))
    nodes.append(make("Add", [f"{prefix}.product", f"{prefix}.bias"], [f"{prefix}.added"]))
    added = f"{prefix}.added"
    if half:
        nodes.append(make("Cast", [added], [f"{prefix}.half"], to=onnx.TensorProto.FLOAT16))
        added = f"{prefix}.half"
    nodes.append(make("Add", [logits, added], [f"{prefix}.logits"]))
    return nodes


def _initializers(onnx: Any, prefix: str, correction: Correction) -> "list[onnx.TensorProto]":
    arrays = {"weights": correction.weights, "bias": correction.bias}
    if correction.shift > 0:
        whole = {"first": [correction.shift], "last": [_LAST], "axis": [1], "pads": [0, 0, 0, 0, correction.shift, 0]}
        arrays |= {name: np.array(values, dtype=np.int64) for name, values in whole.items()}
    return [onnx.numpy_helper.from_array(array, f"{prefix}.{name}") for name, array in arrays.items()]
