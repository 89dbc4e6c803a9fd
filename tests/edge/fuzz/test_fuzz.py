"""No input breaks a command: no traceback, no hang over 10 s, no memory over 1 GB, and Ctrl-C ends what goes on."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.edge.fuzz.kinds import KINDS
from tests.edge.fuzz.samples import make_samples

# Kinds, and a quarter at a time of the one whose inputs wait for servers that send nothing, five minutes together.
ALL_INPUTS = [(kind, range(KINDS[kind].count)) for kind in KINDS if kind != "servers"] + [
    pytest.param("servers", range(first, KINDS["servers"].count, 4), marks=pytest.mark.realtime, id=f"servers-{first}")
    for first in range(4)
]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of small real files."""
    folder = tmp_path_factory.mktemp("whole")
    make_samples(folder)
    return folder


def try_inputs(how: str, kind: str, numbers: range, whole: Path) -> None:
    """Give these inputs of a kind to the commands."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.edge.fuzz.worker", how, kind, str(numbers.start), str(numbers.step), whole],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert (0, "") == (done.returncode, done.stdout), done.stderr[-3000:]
    assert [str(number) for number in numbers] == [line for line in done.stderr.splitlines() if line.isdecimal()]


@pytest.mark.parametrize("kind", KINDS)
def test_some_inputs_break_no_command(whole: Path, kind: str) -> None:
    """Some of each kind, within one process."""
    numbers = range(0, KINDS[kind].count, 25 if kind == "servers" else 8)  # these take seconds each
    try_inputs("here", kind, numbers, whole)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("kind", "numbers"), ALL_INPUTS)
def test_no_input_breaks_a_command(whole: Path, kind: str, numbers: range) -> None:
    """All 2,000, many within one process."""
    try_inputs("here", kind, numbers, whole)


@pytest.mark.parametrize("inputs", [1, pytest.param(8, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", KINDS)
def test_no_input_breaks_a_process(whole: Path, kind: str, inputs: int) -> None:
    """A few, as users give them: libraries might end a process in other ways."""
    try_inputs("command", kind, range(0, KINDS[kind].count, KINDS[kind].count // inputs), whole)
