"""Rounds of several subjects in one process: on a shared machine only ratios within a run mean something."""

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
import onnxruntime
from tqdm import tqdm

from edge.model import session_options

_SIZE = 1024
SGEMM = "sgemm"


class Subject(NamedTuple):
    """Something to be timed: `call` hears `seconds` of audio."""

    seconds: float
    call: Callable[[], object]


class Timing(NamedTuple):
    """Milliseconds per second of audio: median, and half of the rounds are within low and high."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        """As tables have it."""
        return f"{self.median:6.2f}  {self.low:6.2f} - {self.high:6.2f}"


def one_core() -> None:
    """Everything from here on runs on one core."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def session(model: str | bytes, profile: Path | None = None) -> onnxruntime.InferenceSession:
    """A file's path or content, opened as the runtime opens its own: on the CPU, in one thread.

    Args:
        model: what to open.
        profile: beginning of the name of a file that ONNX Runtime's profiler is to write.
    """
    options = session_options(onnxruntime, 1, profile)
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def measure(subjects: Mapping[str, Subject], rounds: int) -> dict[str, Timing]:
    """Time all subjects in turn, round after round; the first round does not count."""
    taken: dict[str, list[float]] = {name: [] for name in subjects}
    for _ in tqdm(range(rounds + 1), desc="rounds", disable=None):
        for name, subject in subjects.items():
            began = time.perf_counter()
            subject.call()
            taken[name].append(1e3 * (time.perf_counter() - began) / subject.seconds)
    return {name: Timing(*np.percentile(times[1:], [50, 25, 75]).tolist()) for name, times in taken.items()}


def sgemm() -> Subject:
    """The machine's limit: a product of two matrices by ONNX Runtime, counted as 1 s of audio."""
    dims = [_SIZE, _SIZE]
    left, right, product = (onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, dims) for name in "abc")
    node = onnx.helper.make_node("MatMul", ["a", "b"], ["c"])
    graph = onnx.helper.make_graph([node], "sgemm", [left, right], [product])
    model = onnx.helper.make_model(graph, ir_version=10, opset_imports=[onnx.helper.make_opsetid("", 20)])
    matrix = np.random.default_rng(0).standard_normal((_SIZE, _SIZE), dtype=np.float32)
    runs = session(model.SerializeToString())
    return Subject(1.0, lambda: runs.run(None, {"a": matrix, "b": matrix}))


def gflops(timing: Timing) -> float:
    """10^9 operations a second of `sgemm`."""
    return 2 * _SIZE**3 / timing.median / 1e6


def sgemm_gflops() -> float:
    """The machine's limit right now."""
    return gflops(measure({SGEMM: sgemm()}, 15)[SGEMM])
