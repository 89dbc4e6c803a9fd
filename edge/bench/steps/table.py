"""Measures all combinations in one run, on every provider that can be used, and why the others cannot."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from edge.bench.machine import machine
from edge.bench.result import benchmark_result
from edge.bench.steps.combinations import Combination
from edge.bench.steps.figures import sgemm, sgemm_figures, step_figures
from edge.bench.steps.lockstep import Lockstep
from edge.bench.steps.process import ProcessCost
from edge.bench.steps.rounds import Seconds, measure
from edge.bench.steps.sessions import nodes, open_on, why_absent
from edge.bench.steps.startup import lockstep_of, startup_figures
from edge.errors import SedError
from edge.model import Node

_SGEMM = -1  # beside the numbers of combinations


class Progress(Protocol):
    """Shows how many items are done."""

    def __call__(self, items: Iterable[int], label: str) -> AbstractContextManager[Iterable[int]]:
        """The same items, one by one."""


@dataclass
class Table:
    """What was measured.

    Attributes:
        rounds: how many.
        machine: see `edge.bench.machine.machine`.
        sgemm: of the same rounds, see `edge.bench.steps.figures.sgemm_figures`.
        rows: what tells a combination from the others, and its figures.
        seconds: of every step `[rounds, steps]`, by row.
        unmeasured: `provider`, `model` (None for all), `status` (`absent` if it cannot be had here, `failed` if it can
            and did not run), `reason`.
        nodes: by model and provider.
    """

    rounds: int
    machine: dict[str, Any] = field(default_factory=machine)
    sgemm: dict[str, Any] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    seconds: list[Seconds] = field(default_factory=list)
    unmeasured: list[dict[str, Any]] = field(default_factory=list)
    nodes: dict[tuple[str, str], list[Node]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """For JSON, as `schema.json` describes it."""
        nodes = [
            {"model": model, "provider": provider, "nodes": [node._asdict() for node in of_one]}
            for (model, provider), of_one in self.nodes.items()
        ]
        return benchmark_result(
            "table",
            self.machine,
            rounds=self.rounds,
            sgemm=self.sgemm,
            rows=self.rows,
            unmeasured=self.unmeasured,
            nodes=nodes,
        )


def measure_all(chosen: Sequence[Combination], rounds: int, progress: Progress) -> Table:
    """Measure combinations, in the same rounds.

    Args:
        chosen: the combinations.
        rounds: how many.
        progress: shows the rounds, and then the combinations whose processes are measured.
    """
    table = Table(rounds)
    opened, process = _open_all(chosen, table), ProcessCost()
    with progress(range(rounds), "rounds") as items:
        seconds = measure({_SGEMM: sgemm()} | {index: one.step for index, one in opened.items()}, items)
    table.sgemm = sgemm_figures(seconds[_SGEMM])
    with progress([*opened], "processes") as numbers:
        for number in numbers:
            one = chosen[number]
            threads = one.threads if one.provider == "cpu" else None
            figures = step_figures(seconds[number], seconds[_SGEMM], one.step_seconds, threads)
            figures |= process.figures(one) | startup_figures(one, min(3, rounds))
            table.rows.append(one.axes() | figures)
            table.seconds.append(seconds[number])
    return table


def _open_all(chosen: Sequence[Combination], table: Table) -> dict[int, Lockstep]:
    """By the number of the combination; what cannot run is noted in the table."""
    absent = {provider: why_absent(provider) for provider in dict.fromkeys(one.provider for one in chosen)}
    for provider, reason in absent.items():
        if reason is not None:
            table.unmeasured.append({"provider": provider, "model": None, "status": "absent", "reason": reason})
    opened: dict[int, Lockstep] = {}
    sessions: dict[tuple[Path, str, int], Any] = {}
    failed: set[tuple[Path, str]] = set()
    for number, one in enumerate(chosen):
        key = (one.path, one.provider, one.threads)
        if absent[one.provider] is not None or key[:2] in failed:
            continue
        try:
            if (one.name, one.provider) not in table.nodes:
                table.nodes[one.name, one.provider] = _nodes_of(one)
            if key not in sessions:
                sessions[key] = open_on(*key)
            opened[number] = lockstep_of(one, sessions[key])
            opened[number].step()
        except Exception as exc:  # ONNX Runtime's own exceptions share no base but this
            if not isinstance(exc, SedError) and not type(exc).__module__.startswith("onnxruntime"):
                raise
            reason = str(exc) if isinstance(exc, SedError) else f"{type(exc).__name__}: {str(exc).splitlines()[0]}"
            if key in sessions:  # others may need less memory
                reason = f"hop {one.hop_seconds:g} s, {one.streams} streams: {reason}"
            else:
                failed.add(key[:2])
            row = {"provider": one.provider, "model": one.name, "status": "failed", "reason": reason}
            table.unmeasured.append(row)
            opened.pop(number, None)
    return opened


def _nodes_of(one: Combination) -> list[Node]:
    """Those of one step of one stream."""
    card, window = one.card, one.window
    embeddings = (1, window.window_frames - window.hop_frames, one.embedding_size)
    samples = card.context_samples + window.hop_frames * card.frame_samples
    inputs = {"audio": (1, samples), "embeddings": embeddings}
    return nodes(one.path, one.provider, {name: np.zeros(shape, dtype=np.float32) for name, shape in inputs.items()})
