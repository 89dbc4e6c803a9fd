"""Writes the graph with its card inside as one file, whole or not at all."""

import dataclasses
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import onnx

from edge.model import METADATA_KEY, Card, Floats
from export.checks import LIMITS
from export.graph import to_onnx
from export.parity import Comparison, compare, require_parity
from export.quantize import to_int8
from sed.network import Checkpoint, make_card


def export(
    checkpoint: Checkpoint,
    out: Path,
    clips: Mapping[str, Floats],
    precision: str = "fp32",
    calibration: Sequence[Floats] = (),
) -> Iterator[Comparison]:
    """Write `out` once the graph is proved to give the scores of the trained network.

    Args:
        checkpoint: what to export.
        out: the `.onnx` to write.
        clips: name -> `[samples]`, sounds to prove it on besides the synthetic ones.
        precision: a key of `export.checks.LIMITS`, which holds the differences that it may show.
        calibration: `[samples]` each, sounds that set the scales of int8.

    Yields:
        Each comparison as it is made; the file is there when the last one is done.

    Raises:
        ParityError: if they differ; no file is written then.
    """
    proto = to_onnx(checkpoint, half=precision == "fp16")
    card = make_card(checkpoint)
    if precision == "int8":
        proto = to_int8(proto, card, calibration)
    if precision != "fp32":
        validation = {**card.validation, "measured_in": "fp32"} if card.validation else {}
        card = dataclasses.replace(
            card, model_id=f"{card.model_id}-{precision}", precision=precision, validation=validation
        )
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as folder:
        part = Path(folder) / out.name
        save(proto, card, part)
        comparisons = []
        for comparison in compare(checkpoint, part, clips):
            comparisons.append(comparison)
            yield comparison
        require_parity(comparisons, LIMITS[precision].score)
        worst = {
            "probability": max(comparison.probability for comparison in comparisons),
            "embedding": max(comparison.embedding for comparison in comparisons),
        }
        save(proto, dataclasses.replace(card, parity=worst), part)
        part.replace(out)


def save(proto: onnx.ModelProto, card: Card, path: Path) -> None:
    """Write a graph with its card, without the exporter's traces: they name files of this machine."""
    for part in (*proto.graph.node, *proto.graph.value_info, *proto.graph.input, *proto.graph.output):
        del part.metadata_props[:]
    onnx.helper.set_model_props(proto, {METADATA_KEY: card.to_json()})
    onnx.save(proto, path)
