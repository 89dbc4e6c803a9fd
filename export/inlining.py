"""A pretrained encoder's graph in the place of the node that stands for it."""

import onnx
from onnx import compose, version_converter

from export.errors import EncoderError
from sed.recipe import EncoderConfig

# The domain and type of the node that stands for an encoder, and the prefix of the names that take its place.
DOMAIN, TYPE, PREFIX = "sed_edge", "Encoder", "encoder/"


def with_encoder(proto: onnx.ModelProto, config: EncoderConfig) -> onnx.ModelProto:
    """Put the encoder's nodes and weights into a graph.

    Args:
        proto: a graph with one node of type `TYPE`, of windows to vectors.
        config: the encoder.

    Raises:
        EncoderError: if its operators cannot be expressed in the graph's version of them.
    """
    encoder = _converted(config, proto.opset_import)
    place = next(index for index, node in enumerate(proto.graph.node) if node.op_type == TYPE)
    node = proto.graph.node[place]
    names = {PREFIX + config.input: node.input[0], PREFIX + config.output: node.output[0]}
    nodes = [*proto.graph.node[:place], *encoder.node, *proto.graph.node[place + 1 :]]
    for inner in encoder.node:
        inner.input[:] = [names.get(name, name) for name in inner.input]
        inner.output[:] = [names.get(name, name) for name in inner.output]
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)
    proto.graph.initializer.extend(encoder.initializer)
    kept = [opset for opset in proto.opset_import if opset.domain != DOMAIN]
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
    return compose.add_prefix_graph(model.graph, PREFIX)
