import json
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.conftest import DEMO, command

pytestmark = pytest.mark.realtime

SOURCES = [f"--name={name}={DEMO}" for name in ("a", "b", "c", "d")]
CSV_FIELDS = 12


def listen_until_killed(path: Path, lines: int, seconds: float) -> list[str]:
    """Run until so many lines have been printed, and so long after that; kill; return what was printed whole."""
    with subprocess.Popen(
        [command("sed-stream"), *SOURCES, "--durable", "--out", path, "--out", path.with_suffix(".csv")],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        printed = [process.stdout.readline() for _ in range(lines)]
        time.sleep(seconds)
        process.kill()
        printed += process.stdout.readlines()
    return [line for line in printed if line.endswith("\n")]


@pytest.mark.parametrize("kills", [5, pytest.param(50, marks=pytest.mark.slow)])
def test_what_was_printed_survives_sigkill(tmp_path: Path, kills: int) -> None:
    """At random moments, again and again: each line that was seen is in the file, whole, and a restart goes on."""
    moment, path = random.Random(4), tmp_path / "events.jsonl"
    printed: list[str] = []
    for _ in range(kills):
        before = path.read_text() if path.exists() else ""
        printed += listen_until_killed(path, moment.randint(1, 45), moment.uniform(0.0, 0.02))
        assert path.read_text().startswith(before)
    written = path.read_text().splitlines(keepends=True)
    assert all(isinstance(json.loads(line), dict) for line in written)
    rest = iter(written)
    assert [] == [line for line in printed if line not in rest]  # all there, in their order
    assert any('"type": "event"' in line for line in printed)
    table = path.with_suffix(".csv").read_text().splitlines()
    assert {CSV_FIELDS} == {line.count(",") + 1 for line in table}
    assert 1 == sum(line.startswith("source,") for line in table)
    events = [json.loads(line) for line in printed if '"type": "event"' in line]
    assert len(events) <= len(table) - 1


def test_sighup_begins_the_file_anew(tmp_path: Path) -> None:
    """As logrotate has it: the old file ends with whole lines, the new one goes on; nothing is lost between them."""
    path, old = tmp_path / "events.jsonl", tmp_path / "events.jsonl.1"
    with subprocess.Popen(
        [command("sed-stream"), DEMO, "--realtime", "--stats-every", "0.2", "--duration", "4", "--out", path],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        printed = [process.stdout.readline() for _ in range(3)]
        path.rename(old)
        process.send_signal(signal.SIGHUP)
        printed += process.stdout.readlines()
    files = [json.loads(line) for file in (old, path) for line in file.read_text().splitlines()]
    assert [json.loads(line) for line in printed] == [record for record in files if "continued" not in record]
    assert ("start", True) == (json.loads(path.read_text().splitlines()[0])["type"], "continued" in path.read_text())
    assert 0 == process.returncode


def test_a_full_disk_does_not_stop_the_stream(tmp_path: Path) -> None:
    """A file that takes nothing: stdout and the other file have the whole log, and the end says what is missing."""
    done = subprocess.run(
        [command("sed-stream"), DEMO, "--out", "csv:/dev/full", "--out", tmp_path / "a.jsonl"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == (tmp_path / "a.jsonl").read_text()
    assert '"stop"' in done.stdout
    said = [line for line in done.stderr.splitlines() if "/dev/full" in line]
    assert 2 == len(said), said
    assert "lines could not be written" in said[1]
    assert 1 == done.returncode


def test_stdout_that_fails_does_not_stop_the_files(tmp_path: Path) -> None:
    """It is told of, once."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [command("sed-stream"), DEMO, "--out", tmp_path / "a.jsonl"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert '"stop"' in (tmp_path / "a.jsonl").read_text().splitlines()[-1]
    assert 1 == done.stderr.count("No space left on device")


def test_a_reader_that_leaves_finds_its_lines_in_the_file(tmp_path: Path) -> None:
    """The stream ends quietly, and the file is whole."""
    with subprocess.Popen(
        [command("sed-stream"), DEMO, "--out", tmp_path / "a.jsonl"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline().decode()
        process.stdout.close()
        talk = process.stderr.read().decode()
    assert first == (tmp_path / "a.jsonl").read_text().splitlines(keepends=True)[0]
    assert 1 == len(talk.splitlines()), talk


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--durable"], "name one with --out"),
        (["--rotate", "1MB"], "name one with --out"),
        (["--out", "a.jsonl", "--rotate", "weekly"], "--rotate weekly: expected day, or a size"),
        (["--out", "a.wav"], "--out a.wav: its format is unknown"),
        (["--out", "a.csv", "--out", "raven:a.csv"], "is given twice"),
        (["--scores", "a.txt"], "--scores a.txt: expected a path that ends in"),
    ],
)
def test_a_wrong_option_names_the_right_one(tmp_path: Path, options: list[str], message: str) -> None:
    """With exit code 2, before anything is heard."""
    done = subprocess.run(
        [command("sed-stream"), DEMO, *options],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert (2, "") == (done.returncode, done.stdout)
    assert message in done.stderr.splitlines()[-1]
