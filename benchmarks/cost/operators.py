"""Where the time of one step goes, operator by operator."""

import json
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.cost.timing import session
from edge.model import Floats, Model

_STEPS = 200


class Cost(NamedTuple):
    """Of all nodes of one kind in one step: microseconds, and millions of multiplications and additions."""

    microseconds: float
    mflop: float


def profile(path: Path, audio: Floats) -> dict[str, Cost]:
    """One step of the stream with the model's own hop, by ONNX Runtime's profiler.

    Args:
        path: the model file.
        audio: `[samples]` at its rate.

    Returns:
        Costs by operator, the dearest first.
    """
    model = Model(path)
    card = model.card
    samples = card.context_samples + card.hop_frames * card.frame_samples
    old = np.random.default_rng(0).random(
        (1, card.window_frames - card.hop_frames, model.embedding_size), dtype=np.float32
    )
    with tempfile.TemporaryDirectory() as folder:
        profiled = session(str(path), profile=Path(folder) / "profile")
        for _ in range(_STEPS):
            profiled.run(None, {"audio": audio[None, :samples], "embeddings": old})
        events = json.loads(Path(profiled.end_profiling()).read_text())
    times: defaultdict[str, float] = defaultdict(float)
    work: defaultdict[str, float] = defaultdict(float)
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith("kernel_time"):
            operator = event["args"]["op_name"]
            times[operator] += event["dur"] / _STEPS
            work[operator] += _mflop(operator, event["args"]) / _STEPS
    return {name: Cost(times[name], work[name]) for name in sorted(times, key=times.__getitem__, reverse=True)}


def operator_table(costs: Mapping[str, Cost], limit: float) -> Iterator[str]:
    """A line an operator, with its share of the step and of the machine's limit.

    Args:
        costs: by operator.
        limit: of a product of matrices, in GFLOP/s.
    """
    total = Cost(sum(cost.microseconds for cost in costs.values()), sum(cost.mflop for cost in costs.values()))
    yield f"{'operator':24} us a step  share  MFLOP  of sgemm's {limit:.0f} GFLOP/s"
    for name, cost in {**costs, "all": total}.items():
        share, reached = cost.microseconds / total.microseconds, 1e3 * cost.mflop / cost.microseconds / limit
        line = f"{name:24} {cost.microseconds:9.0f}  {share:5.0%}  {cost.mflop:5.1f}"
        yield line + (f"  {reached:5.0%}" * (reached > 0))


def _mflop(operator: str, arguments: dict[str, Any]) -> float:
    """Of the operators that multiply matrices; of the others nothing is counted."""
    inputs: list[list[int]] = [next(iter(shape.values())) for shape in arguments["input_type_shape"]]
    outputs: list[list[int]] = [next(iter(shape.values())) for shape in arguments["output_type_shape"]]
    if operator == "Conv":
        return 2e-6 * prod(outputs[0]) * prod(inputs[1][1:])
    if operator in ("MatMul", "FusedMatMul"):
        return 2e-6 * prod(outputs[0]) * inputs[0][-1]
    if operator == "GRU":
        frames, directions, batch, hidden = outputs[0]
        return 2e-6 * frames * directions * batch * 3 * hidden * (inputs[0][-1] + hidden)
    return 0.0
