"""One file: the graph with its card inside, written whole or not at all."""

import dataclasses
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from edge.card import METADATA_KEY, Card
from export.graph import to_onnx
from export.parity import Comparison, compare, require_parity
from sed.checkpoint import Checkpoint, make_card


def export(checkpoint: Checkpoint, out: Path, clips: Mapping[str, NDArray[np.float32]]) -> Iterator[Comparison]:
    """Write `out` once the graph is proved to say what the network says.

    Args:
        checkpoint: what to export.
        out: the `.onnx` to write.
        clips: name -> `[samples]`, sounds to prove it on besides those made up.

    Yields:
        Each comparison as it is made; the file is there when the last one is done.

    Raises:
        ParityError: if they differ; no file is written then.
    """
    proto = to_onnx(checkpoint)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as folder:
        part = Path(folder) / out.name
        card = make_card(checkpoint)
        _save(proto, card, part)
        comparisons = []
        for comparison in compare(checkpoint, part, clips):
            comparisons.append(comparison)
            yield comparison
        require_parity(comparisons)
        worst = {
            "probability": max(comparison.probability for comparison in comparisons),
            "embedding": max(comparison.embedding for comparison in comparisons),
        }
        _save(proto, dataclasses.replace(card, parity=worst), part)
        part.replace(out)


def _save(proto: onnx.ModelProto, card: Card, path: Path) -> None:
    onnx.helper.set_model_props(proto, {METADATA_KEY: card.to_json()})
    onnx.save(proto, path)
