"""Several models in one file: their frame logits averaged, for models that make different mistakes.

    audio ────────┬─> member 1 ─> logits ─┐
                  └─> member 2 ─> logits ─┴─> mean ─> sigmoid ─> scores
    embeddings ───┬─> member 1 ─> new ones ─┐
                  └─> member 2 ─> new ones ─┴─> joined ─> embeddings_out

Each member gets the newest samples that its own context asks for, so it computes what it computes alone.
"""

import dataclasses
import hashlib
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
from onnx import TensorProto, compose, helper, numpy_helper

from edge.errors import SettingError
from edge.model import GRAPH_INPUTS, GRAPH_OUTPUTS, PRECISIONS, Card, Model

_SCORES = GRAPH_OUTPUTS[:2]  # of frames and of the clip


class Member(NamedTuple):
    """A model file: where it is, its card, its graph and the size of its embeddings."""

    path: Path
    card: Card
    proto: onnx.ModelProto
    embedding_size: int


def read_member(path: Path) -> Member:
    """Read a model file.

    Raises:
        ModelError: if it is no model of sed-edge.
    """
    model = Model(path, "cpu")
    return Member(path, model.card, onnx.load(path), model.embedding_size)


def joined_card(members: Sequence[Member], name: str) -> Card:
    """The card of the joined file; its decoder settings are those of the first member.

    Args:
        members: two or more.
        name: of the new model.

    Raises:
        SettingError: if members differ in what a joined model has one of.
    """
    cards, first = [member.card for member in members], members[0].card
    for member in members[1:]:
        for field in ("sample_rate", "frame_samples", "labels"):
            ours, theirs = getattr(first, field), getattr(member.card, field)
            if ours != theirs:
                raise SettingError(
                    f"{member.path}: has {field} {_text(theirs)}, {members[0].path} has {_text(ours)}; "
                    "models to join must have the same"
                )
    contents = [hashlib.sha256(member.proto.SerializeToString()).hexdigest() for member in members]
    joined = hashlib.sha256("".join(contents).encode()).hexdigest()
    parts = [{"model_id": card.model_id, "parent_sha256": card.parent_sha256, **card.training} for card in cards]
    return dataclasses.replace(
        first,
        model_id=f"{name}-{joined[:8]}",
        parent_sha256=joined,
        context_samples=max(card.context_samples for card in cards),
        window_frames=max(card.window_frames for card in cards),
        lookahead_frames=max(card.lookahead_frames for card in cards),
        grid_frames=math.lcm(*(card.grid_frames for card in cards)),
        precision=max((card.precision for card in cards), key=PRECISIONS.index),
        parity={name: max(card.parity.get(name, 0.0) for card in cards) for name in first.parity},
        training={"joined": parts},
        validation={},
        licence=" and ".join(dict.fromkeys(card.licence for card in cards)),
    )


def _text(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def joined_graph(members: Sequence[Member], card: Card) -> onnx.ModelProto:
    """One graph of all members; see the head of this module.

    Args:
        members: two or more.
        card: of the joined model.

    Raises:
        SettingError: if a member's scores are not made by a sigmoid, or members use operators of different versions.
    """
    graph = onnx.GraphProto(name=card.model_id)
    prefixes = [f"member{number}/" for number in range(1, len(members) + 1)]
    sizes = _constant(graph, "sizes", [member.embedding_size for member in members])
    _add(graph, "Split", ["embeddings", sizes], [f"{prefix}embeddings" for prefix in prefixes], axis=2)
    axis, last = _constant(graph, "time", [1]), _constant(graph, "last", [np.iinfo(np.int64).max])
    for prefix, member in zip(prefixes, members, strict=True):
        first = _constant(graph, f"{prefix}first", [card.context_samples - member.card.context_samples])
        _add(graph, "Slice", ["audio", first, last, axis], [f"{prefix}audio"])
        _take_in(graph, member, prefix)
    _add(graph, "Concat", [f"{prefix}embeddings_out" for prefix in prefixes], ["embeddings_out"], axis=2)
    share = _constant(graph, "share", 1 / len(members))
    for name in _SCORES:
        _add(graph, "Sum", [f"{prefix}{name}" for prefix in prefixes], [f"{name}.sum"])
        _add(graph, "Mul", [f"{name}.sum", share], [f"{name}.mean"])
        _add(graph, "Sigmoid", [f"{name}.mean"], [name])
    _declare(graph, card, sum(member.embedding_size for member in members))
    joined = helper.make_model(graph, opset_imports=_operators(members), producer_name="sed-edge")
    joined.ir_version = max(member.proto.ir_version for member in members)
    onnx.checker.check_model(joined, full_check=True)
    return joined


def _operators(members: Sequence[Member]) -> list[onnx.OperatorSetIdProto]:
    versions: dict[str, int] = {}
    for member in members:
        for operators in member.proto.opset_import:
            if versions.setdefault(operators.domain, operators.version) != operators.version:
                raise SettingError(
                    f"{member.path}: uses version {operators.version} of ONNX's operators, {members[0].path} "
                    f"{versions[operators.domain]}; export them again by the same version of sed-edge"
                )
    return [helper.make_opsetid(domain, version) for domain, version in versions.items()]


def _take_in(graph: onnx.GraphProto, member: Member, prefix: str) -> None:
    """Add a member's nodes and weights; what it calls scores are its logits then, in fp32."""
    inner = compose.add_prefix_graph(member.proto.graph, prefix)
    producers = {name: node for node in inner.node for name in node.output}
    ends: dict[str, str] = {}  # logits -> the name of the scores that were made of them
    dropped = set()
    for name in _SCORES:
        end = producers[prefix + name]
        dropped.add(end.output[0])
        while end.op_type == "Cast":
            end = producers[end.input[0]]
            dropped.add(end.output[0])
        if end.op_type != "Sigmoid":
            raise SettingError(f"{member.path}: its {name} are not made by a sigmoid, so it has no logits to join")
        ends[end.input[0]] = prefix + name
    graph.node.extend(node for node in inner.node if node.output[0] not in dropped)
    graph.initializer.extend(inner.initializer)
    for logits, name in ends.items():
        _add(graph, "Cast", [logits], [name], to=TensorProto.FLOAT)


def _declare(graph: onnx.GraphProto, card: Card, embedding_size: int) -> None:
    """Give the graph its inputs and outputs, with their shapes."""
    new, classes = f"{card.frame_samples}*k + {card.context_samples}", len(card.labels)
    inputs: list[list[str | int | None]] = [["batch", new], ["batch", "M", embedding_size]]
    outputs: list[list[str | int | None]] = [
        ["batch", "M + k", classes],
        ["batch", classes],
        ["batch", "M + k", embedding_size],
    ]
    for values, names, shapes in ((graph.input, GRAPH_INPUTS, inputs), (graph.output, GRAPH_OUTPUTS, outputs)):
        for name, shape in zip(names, shapes, strict=True):
            values.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))


def _add(graph: onnx.GraphProto, kind: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: Any) -> None:
    graph.node.append(helper.make_node(kind, inputs, outputs, **attributes))


def _constant(graph: onnx.GraphProto, name: str, value: Sequence[int] | float) -> str:
    array = np.array(value, dtype=np.float32 if isinstance(value, float) else np.int64)
    graph.initializer.append(numpy_helper.from_array(array, name))
    return name
