"""The arrows of the design: edge imports nothing of ours, sed may import edge, export imports both."""

import ast
import subprocess
import sys

import pytest

from tests.conftest import DEMO, ROOT

ALLOWED = {
    "edge": {"edge"},
    "sed": {"edge", "sed"},
    "export": {"edge", "sed", "export"},
    "benchmarks": {"edge", "sed", "export", "benchmarks"},
}
HEAVY = {"torch", "torchlibrosa", "lightning", "librosa", "onnx", "onnxscript"}


def imported(room: str) -> set[str]:
    """The top-level packages that any module of a room imports, wherever in it."""
    names = set()
    for path in (ROOT / room).glob("**/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0 and node.module is not None, path
                names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize("room", ALLOWED)
def test_a_room_imports_only_rooms_below_it(room: str) -> None:
    """No import against the arrows."""
    assert imported(room) & set(ALLOWED) <= ALLOWED[room]


def test_the_runtime_names_nothing_of_the_trainers() -> None:
    """Not even in a function."""
    assert set() == imported("edge") & HEAVY


def test_a_running_stream_has_loaded_no_torch() -> None:
    """In a process that has heard the demo recording, what training needs is not there."""
    script = (
        "import sys\n"
        "from edge.commands import stream\n"
        f"stream([{str(DEMO)!r}], standalone_mode=False)\n"
        "import edge.audio, edge.inference\n"
        f"print('loaded', sorted(set(sys.modules) & {HEAVY!r}))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert "loaded []" == lines[-1]
    assert '"type": "event"' in lines[1]
