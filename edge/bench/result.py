"""The form that all results of `sed-bench` share as JSON; `schema.json` describes the rest."""

from typing import Any

SCHEMA = "sed-edge-bench/1"


def benchmark_result(benchmark: str, machine: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A result: which benchmark and form it is, and the machine, before the benchmark's own fields.

    >>> list(benchmark_result("latency", {}, rows=[]))
    ['benchmark', 'schema', 'machine', 'rows']
    """
    return {"benchmark": benchmark, "schema": SCHEMA, "machine": machine, **fields}
