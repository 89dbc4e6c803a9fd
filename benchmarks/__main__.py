"""`python -m benchmarks`: the figures of docs/benchmarks.md, docs/recipe.md and docs/method.md."""

import os

# Before anything loads a library of linear algebra.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import click

from benchmarks.cost.commands import COST
from benchmarks.judging.commands import JUDGING


@click.group()
def benchmarks() -> None:
    """Measure this project on this machine, one core, beside what others run."""


for command in (*COST, *JUDGING):
    benchmarks.add_command(command)

if __name__ == "__main__":
    benchmarks(prog_name="python -m benchmarks")
