"""YAMNet's weights become one model file: the graph, its weights in bytes, and a card."""

import copy
import dataclasses
import hashlib
import tempfile
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from edge.model import Card, Floats, Model
from export.checks import LIMITS, made_signals
from export.errors import ParityError
from export.write import save
from export.yamnet.graph import CONTEXT_SAMPLES, FRAME_SAMPLES, GeneralGraph, to_onnx
from export.yamnet.network import CLASSES, SAMPLE_RATE, load_yamnet
from export.yamnet.sounds import General
from export.yamnet.tensor_bundle import read_tensors

_SOURCE = "YAMNet v1 of TensorFlow Hub (google/yamnet/1), trained on AudioSet by the TensorFlow Authors, converted"
_CHECKED_FRAMES = 8


def convert(variables: Path, general: General, out: Path, precision: str) -> dict[str, float]:
    """Write `out` once it is proved to say what the network in torch says.

    Args:
        variables: path of TensorFlow's files up to the dot, such as `variables/variables`.
        general: labels, groups and settings.
        out: the `.onnx` to write.
        precision: `fp32`, or `int8` for weights in bytes, a scale an output channel; all is computed in fp32.

    Returns:
        The greatest difference in a probability and in an embedding (a logit).

    Raises:
        SourceModelError: if the files are not YAMNet's.
        ParityError: if the graph differs; nothing is written then.
    """
    graph = GeneralGraph(load_yamnet(read_tensors(variables))).eval()
    proto = to_onnx(graph)
    if precision == "int8":
        proto = with_byte_weights(proto)
    weights = variables.with_name(variables.name + ".data-00000-of-00001").read_bytes()
    card = make_card(general, hashlib.sha256(weights).hexdigest(), precision)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as folder:
        part = Path(folder) / out.name
        save(proto, card, part)
        parity = _compared(graph, Model(part, "cpu"))
        if not parity["probability"] <= LIMITS[precision].score:
            raise ParityError(
                f"the graph differs from YAMNet by {parity['probability']:.2g} in a probability, expected at most "
                f"{LIMITS[precision].score:g}; nothing was written"
            )
        save(proto, dataclasses.replace(card, parity=parity), part)
        part.replace(out)
    return parity


def make_card(general: General, sha256: str, precision: str) -> Card:
    """The card, except for its parity."""
    return Card(
        model_id=f"general-{sha256[:8]}" + ("" if precision == "fp32" else f"-{precision}"),
        parent_sha256=sha256,
        labels=tuple(sound.label for sound in general.sounds),
        sample_rate=SAMPLE_RATE,
        context_samples=CONTEXT_SAMPLES,
        frame_samples=FRAME_SAMPLES,
        window_frames=general.window_frames,
        hop_frames=general.hop_frames,
        lookahead_frames=general.lookahead_frames,
        grid_frames=1,
        decoding=general.decoding(),
        frontend={"sample_rate": SAMPLE_RATE, "name": "yamnet"},
        precision=precision,
        parity={},
        training={"trained_on": _SOURCE},
        validation={},
        licence=general.licence,
        groups={name: tuple(sound.label for sound in group.sounds) for name, group in general.groups.items()},
        default_labels=tuple(sound.label for sound in general.reported),
        ontology_ids={sound.label: sound.ontology_id for sound in general.sounds},
        schema=1,  # its state is a window of embeddings
    )


def with_byte_weights(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Matrices of pointwise convolutions and the classifier as bytes and a scale an output channel.

    ONNX Runtime multiplies them out when it opens the file, so the bytes save disk space and no time. Activations stay
    in fp32: in eight bits they cost this network half of its average precision.
    """
    made = copy.deepcopy(proto)
    graph, kept, nodes = made.graph, [], []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if not tensor.name.startswith(("network.pointwise", "network.classify")) or values.ndim < 2:
            kept.append(tensor)
            continue
        scale = np.abs(values).max(axis=tuple(range(1, values.ndim)), keepdims=True) / 127
        scale = np.where(scale == 0, 1, scale).astype(np.float32)
        bytes_name, whole, scale_name = (f"{tensor.name}_{what}" for what in ("bytes", "whole", "scale"))
        kept += [
            numpy_helper.from_array(np.round(values / scale).astype(np.int8), bytes_name),
            numpy_helper.from_array(scale, scale_name),
        ]
        nodes += [
            helper.make_node("Cast", [bytes_name], [whole], to=TensorProto.FLOAT),
            helper.make_node("Mul", [whole, scale_name], [tensor.name]),
        ]
    nodes += graph.node
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(kept)
    graph.node.extend(nodes)
    onnx.checker.check_model(made, full_check=True)
    return made


def _compared(graph: GeneralGraph, model: Model) -> dict[str, float]:
    """Greatest differences of scores and embeddings on sounds made up for it, from scratch and with an old state."""
    signals = made_signals(SAMPLE_RATE, CONTEXT_SAMPLES + _CHECKED_FRAMES * FRAME_SAMPLES)
    audio: Floats = np.stack([*signals.values()])
    none = np.zeros((len(audio), 0, CLASSES), dtype=np.float32)
    whole = model.step(audio, none)
    newest = audio[:, -CONTEXT_SAMPLES - FRAME_SAMPLES :]
    pairs = [(audio, none, whole), (newest, whole.embeddings[:, :3], model.step(newest, whole.embeddings[:, :3]))]
    worst = {"probability": 0.0, "embedding": 0.0}
    for sound, state, step in pairs:
        with torch.no_grad():
            scores, clip, embeddings = graph(torch.from_numpy(sound), torch.from_numpy(state))
        differences = {
            "probability": max(
                float(np.abs(scores.numpy() - step.scores).max()), float(np.abs(clip.numpy() - step.clip_scores).max())
            ),
            "embedding": float(np.abs(embeddings.numpy() - step.embeddings).max()),
        }
        worst = {name: float(np.maximum(worst[name], value)) for name, value in differences.items()}  # keeps a NaN
    return worst
