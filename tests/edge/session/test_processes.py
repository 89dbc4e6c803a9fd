"""Sources that are spread over several processes: one log, the same outputs, one end."""

import json
import os
import signal
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from edge.cli.stream import stream
from tests.conftest import DEMO, command, invoke, run

pytestmark = pytest.mark.realtime

Record = dict[str, Any]
NAMES = ("a", "b", "c")
SOURCES = [f"--name={name}={DEMO}" for name in NAMES]


class Ended(NamedTuple):
    """What a run left: its exit code, the last line that the command wrote itself, its log, and its clips by path."""

    code: int
    last: str
    log: list[Record]
    clips: dict[Path, bytes]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Ended]:
    """The same sources, one of which is missing, by one process and by two."""

    def listen(processes: int, folder: Path) -> Ended:
        settings = ["--onsets", "--duration", 30, "--clips", folder / "clips", "--clip-option", "near=0.3"]
        done = run("sed-stream", *SOURCES, "--name", f"gone={folder / 'no.wav'}", *settings, "--processes", processes)
        clips = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.flac")}
        said = [line for line in done.stderr.splitlines() if line.startswith("sed-stream: ")]
        return Ended(done.returncode, said[-1], records(done.stdout), clips)

    return [listen(number, tmp_path_factory.mktemp("run")) for number in (1, 2)]


def records(log: str) -> list[Record]:
    return [json.loads(line) for line in log.splitlines()]


def by_source(log: list[Record], *without: str) -> dict[str, list[Record]]:
    """The records of each source, without those fields, and without figures of time spent."""
    found = defaultdict(list)
    for record in log:
        if record["type"] != "stats":
            found[record["source"]].append({key: value for key, value in record.items() if key not in without})
    return found


def test_processes_write_one_log(runs: list[Ended]) -> None:
    """Each source has the records that one process writes, in the same order; events are numbered from 1."""
    one, two = runs
    assert by_source(one.log, "id") == by_source(two.log, "id")
    assert {*NAMES} == by_source(two.log).keys()
    numbers = [record["id"] for record in two.log if record["type"] == "event"]
    assert [*range(1, len(numbers) + 1)] == sorted(numbers) != []


def test_an_onset_has_the_number_of_its_event(runs: list[Ended]) -> None:
    """Although two processes have numbers of their own."""
    begun, ended = (
        {
            (record["source"], record["label"], record["onset"], record["id"])
            for record in runs[1].log
            if record["type"] == kind
        }
        for kind in ("onset", "event")
    )
    assert begun == ended != set()


def test_outputs_hear_what_the_processes_hear(runs: list[Ended]) -> None:
    """Clips of events and of near misses are the same, to the byte."""
    assert runs[0].clips == runs[1].clips
    assert {"a", "b", "c", "near-misses"} == {path.parts[1] for path in runs[1].clips}


def test_a_source_that_fails_is_counted_among_all(runs: list[Ended]) -> None:
    """The exit code and the last line are those of one process."""
    assert (1, "sed-stream: 1 of 4 sources failed: gone; the reasons are above") == (runs[0].code, runs[0].last)
    assert runs[0][:2] == runs[1][:2]


class Listening:
    """A run of two processes in real time, in a process group of its own."""

    def __init__(self, *settings: object) -> None:
        arguments = [*SOURCES, "--realtime", "--processes=2", *map(str, settings)]
        self.process = subprocess.Popen(
            [command("sed-stream"), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,
        )
        self.log: list[Record] = []

    def wait_for(self, kind: str) -> None:
        """Until each source has such a record."""
        assert self.process.stdout is not None
        while {record["source"] for record in self.log if record["type"] == kind} != {*NAMES}:
            self.log.append(json.loads(self.process.stdout.readline()))

    def end(self) -> tuple[int, str, dict[str, str]]:
        """Exit code, last line of stderr, and why the log of each source ended."""
        out, said = self.process.communicate()
        self.log += records(out)
        reasons = {record["source"]: record["reason"] for record in self.log if record["type"] == "stop"}
        return self.process.returncode, said.splitlines()[-1], reasons


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[Listening]:
    (tmp_path / "settings.toml").write_text("onsets = true\n")
    started = Listening("--config", tmp_path / "settings.toml", "--out", tmp_path / "events.jsonl")
    yield started
    started.process.kill()
    started.process.wait()


def test_signals_reach_all_processes(listening: Listening, tmp_path: Path) -> None:
    """SIGHUP has each read its settings again; Ctrl-C, which a terminal sends to all, ends every log once."""
    listening.wait_for("start")
    (tmp_path / "settings.toml").write_text("[threshold]\nunicorn = 0.5\n")
    listening.process.send_signal(signal.SIGHUP)
    listening.wait_for("source")
    warnings = {record["detail"] for record in listening.log if record["type"] == "source"}
    assert all("the model stays as it is" in text and "unicorn" in text for text in warnings)
    os.killpg(listening.process.pid, signal.SIGINT)
    code, _, reasons = listening.end()
    assert (130, dict.fromkeys(NAMES, "interrupted")) == (code, reasons)
    assert listening.log == records((tmp_path / "events.jsonl").read_text())


def test_a_process_that_dies_ends_the_run(listening: Listening) -> None:
    """The other one closes its logs, and those of the dead one say that it failed."""
    listening.wait_for("start")
    path = Path(f"/proc/{listening.process.pid}/task/{listening.process.pid}/children")
    os.kill(int(path.read_text().split()[0]), signal.SIGKILL)
    code, last, reasons = listening.end()
    assert (1, {"a": "error", "b": "interrupted", "c": "error"}) == (code, reasons)
    expected = "sed-stream: process 1 of 2 was killed by SIGKILL, which ended the run; its sources were a, c;"
    assert f"{expected} start sed-stream again" == last


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["-", DEMO], "stdin (-) is read by one process"),
        ([DEMO, "--scores", "s.npz"], "--scores keeps the scores of one"),
    ],
)
def test_what_several_processes_cannot_do_is_refused(arguments: list[object], expected: str) -> None:
    """Before anything is heard."""
    done = invoke(stream, *arguments, "--processes", 2)
    assert 2 == done.exit_code
    assert expected in done.output
