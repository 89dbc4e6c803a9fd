"""Figures of a combination from its rounds, relative to a matrix product in the same rounds."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.bench.steps.rounds import Seconds
from edge.bench.steps.sessions import SGEMM_GRAPH, open_on

_SIZE = 512  # takes about as long as a step: what interrupts the one would interrupt the other


def sgemm() -> Callable[[], object]:
    """The machine's limit: a product of two square matrices by ONNX Runtime, in one thread of the CPU."""
    session = open_on(SGEMM_GRAPH, "cpu")
    matrix = np.random.default_rng(0).standard_normal((_SIZE, _SIZE), dtype=np.float32)
    return lambda: session.run(None, {"left": matrix, "right": matrix})


def sgemm_figures(seconds: Seconds) -> dict[str, Any]:
    """Its milliseconds, and 10^9 operations a second."""
    median = float(np.median(seconds))
    return {"size": _SIZE, "milliseconds": _rounded(1e3 * median), "gflops": _rounded(2 * _SIZE**3 / median / 1e9)}


def step_figures(seconds: Seconds, sgemm_seconds: Seconds, audio_seconds: float, threads: int | None) -> dict[str, Any]:
    """Figures of steps.

    Args:
        seconds: `[rounds, steps]`.
        sgemm_seconds: `[rounds, calls]` of the same rounds.
        audio_seconds: that one step processes, of all streams together.
        threads: of the CPU that it keeps busy; None where it runs elsewhere.

    Returns:
        `step_ms` (percentiles over all steps), `ms_per_second` of audio (the median round, and half of the rounds
        within low and high), `of_sgemm` (that cost in products of matrices), `real_time_factor`, and
        `streams_per_core` or `streams_per_device`.

    >>> found = step_figures(np.full((3, 4), 0.02), np.full((3, 4), 0.01), 2.0, 1)
    >>> found["ms_per_second"]["median"], found["of_sgemm"], found["real_time_factor"], found["streams_per_core"]
    (10.0, 1.0, 0.01, 100.0)
    """
    by_round = 1e3 * np.median(seconds, axis=1) / audio_seconds
    products = 1e3 * np.median(sgemm_seconds, axis=1)
    cost = spread(by_round)
    streams = 1e3 / cost["median"]
    return {
        "steps": int(seconds.size),
        "step_ms": {
            f"p{percent}": _rounded(1e3 * value)
            for percent, value in zip((50, 95, 99), np.percentile(seconds, [50, 95, 99]), strict=True)
        },
        "ms_per_second": cost,
        "of_sgemm": _rounded(np.median(by_round / products)),
        "real_time_factor": _rounded(cost["median"] / 1e3),
        "streams_per_core": None if threads is None else _rounded(streams / threads),
        "streams_per_device": _rounded(streams) if threads is None else None,
    }


def spread(by_round: NDArray[np.float64]) -> dict[str, float]:
    """The median round; half of the rounds are within low and high.

    >>> spread(np.array([1.0, 2.0, 3.0, 4.0, 9.0]))
    {'low': 2.0, 'median': 3.0, 'high': 4.0}
    """
    quartiles = np.percentile(by_round, [25, 50, 75])
    return {name: _rounded(value) for name, value in zip(("low", "median", "high"), quartiles, strict=True)}


def _rounded(value: float) -> float:
    """Four digits are more than any of this is worth."""
    return float(f"{value:.4g}")
