"""No input breaks a command: no traceback, no hang over 10 s, no memory over 1 GB, and Ctrl-C ends what goes on."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.edge.fuzz.kinds import KINDS
from tests.edge.fuzz.samples import make_samples

# Its inputs wait for servers that say nothing, five minutes together.
WAITING = pytest.param("servers", marks=pytest.mark.realtime)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of small real files."""
    folder = tmp_path_factory.mktemp("whole")
    make_samples(folder)
    return folder


def try_inputs(how: str, kind: str, step: int, whole: Path) -> None:
    """Give each so manieth input of a kind to the commands."""
    tried = [str(number) for number in range(0, KINDS[kind].count, step)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.edge.fuzz.worker", how, kind, str(step), whole],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert (0, "") == (done.returncode, done.stdout), done.stderr[-3000:]
    assert tried == [line for line in done.stderr.splitlines() if line.isdecimal()]


@pytest.mark.parametrize("kind", KINDS)
def test_some_inputs_break_no_command(whole: Path, kind: str) -> None:
    """Some of each kind, within one process."""
    try_inputs("here", kind, 25 if kind == "servers" else 8, whole)  # these take seconds each


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", [*(kind for kind in KINDS if kind != "servers"), WAITING])
def test_no_input_breaks_a_command(whole: Path, kind: str) -> None:
    """All 2,000, within one process a kind."""
    try_inputs("here", kind, 1, whole)


@pytest.mark.parametrize("inputs", [1, pytest.param(8, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", [*(kind for kind in KINDS if kind != "servers"), WAITING])
def test_no_input_breaks_a_process(whole: Path, kind: str, inputs: int) -> None:
    """A few, as users give them: libraries might end a process in other ways."""
    try_inputs("command", kind, KINDS[kind].count // inputs, whole)
