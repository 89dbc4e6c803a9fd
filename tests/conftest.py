"""What tests of all rooms share: the demo recording, and a network trained for four steps on cuts of it."""

import csv
import itertools
import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result
from filelock import FileLock
from numpy.typing import NDArray

from edge.model.inference import Model
from edge.model.library import shipped_model
from edge.sources.audio import read_audio

if TYPE_CHECKING:
    from sed.network.checkpoint import Checkpoint

ROOT = Path(__file__).parent.parent
DEMO = ROOT / "demo" / "recording.ogg"
TINY_RECIPE = """
licence = "MIT"
trained_on = "cuts of the demo recording"
[data]
train_folds = [1]
validation_folds = [2]
validation_scenes = 2
[network]
widths = [4, 8]
time_strides = [2, 2]
second_time_kernels = [3, 1]
embedding_size = 16
gru_size = 8
attention_heads = 2
[scenes]
seconds = 2.0
[stream]
window = 2.0
hop = 0.5
lookahead = 0.5
[training]
steps = 4
batch_size = 2
warmup_steps = 1
workers = 0
validate_every_steps = 2
"""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out modules that set no mark that -m asks for: all processes would import them, half a minute each."""
    asked = config.option.markexpr
    wanted = set() if " or " in asked else set(re.findall(r"(?<!not )\b(slow|realtime|alone)\b", asked))
    if not wanted or collection_path.suffix != ".py":
        return None
    text = collection_path.read_text()
    return True if any(f"mark.{mark}" not in text for mark in wanted) else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have every process begin with its share of the longest tests, those with a time limit of their own.

    Else one of them would begin last, and all other processes would wait for it.
    """
    limits = {item: marker.args[0] for item in items if (marker := item.get_closest_marker("timeout")) is not None}
    longest = sorted(limits, key=limits.__getitem__, reverse=True)
    others = iter([item for item in items if item not in limits])
    processes, ordered = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")), list[pytest.Item]()
    for process in range(processes):
        # xdist gives each process as many tests in a row.
        end = len(ordered) + (len(items) - len(ordered)) // (processes - process)
        ordered += longest[process::processes]
        ordered += itertools.islice(others, max(end - len(ordered), 0))
    items[:] = ordered


def command(name: str) -> Path:
    """One of the console scripts, as users run it."""
    return Path(sys.executable).with_name(name)


def run(name: str, *arguments: object, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """What becomes of one, run to its end in this environment or in that."""
    return subprocess.run(
        [command(name), *map(str, arguments)], capture_output=True, check=False, text=True, env=environment
    )


def invoke(tool: click.Command, *arguments: object) -> Result:
    """The same of one in this process, which spares its start; with its own log on stderr, and warnings as errors."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logging.root, "handlers", [])
        return CliRunner().invoke(tool, [str(argument) for argument in arguments])


def run_without(script: str, missing: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """What becomes of a script where these packages are not installed."""
    lines = (
        "import sys",
        "def find(name, *_):",
        f"    if name in {missing!r}:",
        "        raise ModuleNotFoundError(name=name)",
        "sys.meta_path.insert(0, type('Without', (), {'find_spec': find}))",
        script,
    )
    return subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=False)


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that `make` filled, the same one for all processes in which these tests run."""
    shared = factory.getbasetemp().parent if "PYTEST_XDIST_WORKER" in os.environ else factory.getbasetemp()
    folder, done = shared / name, shared / f"{name}.done"
    with FileLock(shared / f"{name}.lock"):
        if not done.exists():
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


@pytest.fixture(scope="session", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Decoded audio goes to a folder of the tests' own, that of the commands they run too, which all use the CPU."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SED_STREAM_PROVIDER", "cpu")
        patch.setenv("SED_EDGE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def demo_audio() -> NDArray[np.float32]:
    """The demo recording at the shipped model's rate."""
    return read_audio(DEMO, 16000)


@pytest.fixture(scope="session")
def model() -> Model:
    """The shipped model."""
    return Model(shipped_model())


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cuts of the demo recording in the layout of ESC-50: two labels in each of two folds, and a distractor."""
    return made_once(tmp_path_factory, "clips", write_clips)


def write_clips(folder: Path) -> None:
    """Write what `clips` says into a folder."""
    (folder / "audio").mkdir()
    (folder / "meta").mkdir()
    audio, rate = soundfile.read(DEMO, dtype="float32")
    rows, segments = [], []
    for fold in (1, 2):
        for begin, label in ((6.0, "rooster"), (26.5, "chainsaw"), (49.0, None)):
            name = f"{fold}-{int(begin)}-A-0.flac"
            piece = audio[int(begin * rate) : int((begin + 3.0) * rate)]
            soundfile.write(folder / "audio" / name, piece * (0.9 if fold == 1 else 0.7), rate)
            rows.append((name, fold))
            if label is not None:
                segments.append((name, 0.5, 2.6, label))
    for name, header, delimiter, lines in (
        ("esc50.csv", ("filename", "fold"), ",", rows),
        ("strong.tsv", ("filename", "onset", "offset", "event_label"), "\t", segments),
    ):
        with (folder / "meta" / name).open("w", newline="") as file:
            table = csv.writer(file, delimiter=delimiter)
            table.writerow(header)
            table.writerows(lines)


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory, clips: Path) -> Path:
    """The folder that a short `sed-train` left, through the command that a user types."""

    def train(folder: Path) -> None:
        recipe = folder / "tiny.toml"
        recipe.write_text(TINY_RECIPE)
        arguments = [recipe, "--data", clips, "--out", folder / "out"]
        subprocess.run([command("sed-train"), *arguments], check=True, capture_output=True)

    return made_once(tmp_path_factory, "tiny", train) / "out"


@pytest.fixture(scope="session")
def tiny_file(tmp_path_factory: pytest.TempPathFactory, tiny_run: Path) -> Path:
    """The short training's checkpoint as a model file, by the command that a user types."""

    def export(folder: Path) -> None:
        done = run("sed-export", tiny_run / "model.ckpt", folder / "tiny.onnx", "--check-audio", DEMO)
        assert 0 == done.returncode, done.stderr
        assert "recording.ogg" in done.stderr
        assert "60 steps of k = 1, each fed its own state" in done.stderr

    return made_once(tmp_path_factory, "exported", export) / "tiny.onnx"


@pytest.fixture(scope="session")
def tiny_checkpoint(tiny_run: Path) -> "Checkpoint":
    """What the short training left."""
    from sed.network.checkpoint import load_checkpoint  # torch, which most processes of tests do without

    return load_checkpoint(tiny_run / "model.ckpt")


@pytest.fixture(scope="session")
def encoded_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file with a pretrained encoder: an untrained network, beside what it was made of."""
    from export.write import export
    from tests.sed.network.encoders import encoder_checkpoint  # it needs this module

    def make(folder: Path) -> None:
        list(export(encoder_checkpoint(folder), folder / "encoded.onnx", {}))

    return made_once(tmp_path_factory, "encoded", make) / "encoded.onnx"
