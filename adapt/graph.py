"""A correction put into a model file: a product with the embeddings, added to the logits before their sigmoid."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from adapt.correction import Correction, margins
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
    added = _nodes(onnx, prefix, logits, correction.width, half)
    for number, node in enumerate(added):
        nodes.insert(at + number, node)
    model.graph.initializer.extend(_initializers(onnx, prefix, correction))
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _nodes(onnx: Any, prefix: str, logits: str, width: int, half: bool) -> "list[onnx.NodeProto]":
    nodes, value = [], "embeddings_out"

    def add(kind: str, name: str, *constants: str, **attributes: object) -> None:
        nonlocal value
        inputs = [value, *(f"{prefix}.{constant}" for constant in constants)]
        value = f"{prefix}.{name}"
        nodes.append(onnx.helper.make_node(kind, inputs, [value], **attributes))

    add("Pad", "padded", "pads")
    add("Slice", "shifted", "first", "last", "axis")
    add("MatMul", "product", "weights")
    add("Transpose", "columns", perm=[0, 2, 1])
    add("AveragePool", "averages", kernel_shape=[width])
    add("Transpose", "rows", perm=[0, 2, 1])
    add("Add", "added", "bias")
    if half:
        add("Cast", "half", to=onnx.TensorProto.FLOAT16)
    nodes.append(onnx.helper.make_node("Add", [logits, value], [f"{prefix}.logits"]))
    return nodes


def _initializers(onnx: Any, prefix: str, correction: Correction) -> "list[onnx.TensorProto]":
    before, after = margins(correction.shift, correction.width)
    whole = {"pads": [0, max(0, before), 0, 0, after, 0], "first": [max(0, -before)], "last": [_LAST], "axis": [1]}
    arrays: dict[str, NDArray[Any]] = {name: np.array(values, dtype=np.int64) for name, values in whole.items()}
    arrays |= {"weights": correction.weights, "bias": correction.bias}
    return [onnx.numpy_helper.from_array(array, f"{prefix}.{name}") for name, array in arrays.items()]
