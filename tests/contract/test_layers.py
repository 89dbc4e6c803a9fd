"""What the contracts of import-linter in pyproject.toml cannot see: the folders in them, and what a process loads."""

import re
import subprocess
import sys

import pytest

from tests.conftest import DEMO, ROOT

HEAVY = {"torch", "torchlibrosa", "lightning", "librosa", "onnx", "onnxscript"}
OF_OUTPUTS = {
    *("prometheus_client", "paho", "apprise", "matplotlib", "starlette", "uvicorn", "http.server"),
    *("edge.outputs.clips", "edge.outputs.health", "edge.outputs.mqtt", "edge.outputs.notify", "edge.outputs.web"),
}
MOST_ENTRIES, MOST_LINES = 12, 300


def folders() -> list[str]:
    """All folders of code and of tests."""
    packages = {
        path.parent
        for room in ("edge", "sed", "export", "scan", "review", "adapt", "benchmarks", "tests")
        for path in (ROOT / room).rglob("__init__.py")
    }
    return sorted(str(package.relative_to(ROOT)) for package in packages)


@pytest.mark.parametrize("folder", folders())
def test_a_folder_holds_a_dozen_entries_at_most(folder: str) -> None:
    """Those that git knows of."""
    entries = {path.name for path in (ROOT / folder).iterdir()} - {"__pycache__", "node_modules"}
    assert len(entries) <= MOST_ENTRIES, sorted(entries)


@pytest.mark.parametrize("folder", [name for name in folders() if not name.startswith("tests")])
def test_a_folder_says_what_each_of_its_entries_is(folder: str) -> None:
    """In the docstring of its `__init__.py`: one line an entry, and no line for what is not there."""
    text = (ROOT / folder / "__init__.py").read_text().split('"""')[1]
    told = re.findall(r"^(\w+) {2,}\S", text, re.MULTILINE)
    there = [path.stem for path in (ROOT / folder).glob("[!_]*.py")]
    there += [path.parent.name for path in (ROOT / folder).glob("*/__init__.py")]
    assert sorted(there) == sorted(told)


@pytest.mark.parametrize("folder", [name for name in folders() if not name.startswith("tests")])
def test_no_module_is_long(folder: str) -> None:
    """It would be two."""
    lengths = {path.name: len(path.read_text().splitlines()) for path in (ROOT / folder).glob("*.py")}
    assert {} == {name: lines for name, lines in lengths.items() if lines > MOST_LINES}


def test_a_running_stream_has_loaded_no_torch() -> None:
    """In a process that has heard the demo recording, what training and outputs need is not there."""
    script = (
        "import sys\n"
        "from edge.cli.stream import stream\n"
        f"stream([{str(DEMO)!r}], standalone_mode=False)\n"
        "import edge.sources.audio, edge.model.inference\n"
        f"print('loaded', sorted(set(sys.modules) & {HEAVY | OF_OUTPUTS!r}))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert "loaded []" == lines[-1]
    assert '"type": "event"' in lines[1]
