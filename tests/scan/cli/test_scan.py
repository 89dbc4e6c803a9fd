"""`sed-scan`, as users run it."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from scan.cli.group import scan
from tests.conftest import command, invoke, made_once

PICKED = ["number", "status", "seconds", "parts"]


@pytest.fixture(scope="session")
def scanned(tmp_path_factory: pytest.TempPathFactory, demo_audio: NDArray[np.float32]) -> Path:
    """An archive of four files in `in`, scanned by two workers into `out`."""

    def make(folder: Path) -> None:
        (folder / "in").mkdir()
        soundfile.write(folder / "in" / "20230501_043000.wav", np.tile(demo_audio, 20), 16000)
        for number in range(2):
            soundfile.write(folder / "in" / f"short{number}.flac", demo_audio[: 16000 * 5], 16000)
        (folder / "in" / "broken.wav").write_bytes(b"broken")
        ended = run_scan(folder / "in", "--out", folder / "out", "--part", 200)
        assert 0 == ended.returncode, ended.stderr
        assert "4 files, 0.31 h of sound, 0.0 s lost, 1 failed" in ended.stderr

    return made_once(tmp_path_factory, "scanned", make)


def run_scan(*arguments: object) -> subprocess.CompletedProcess[str]:
    """A run with two workers, on a machine that knows of a cluster that is none of its business."""
    return subprocess.run(
        [command("sed-scan"), *map(str, arguments), "--workers", "2"],
        capture_output=True,
        check=False,
        text=True,
        env=os.environ | {"RAY_ADDRESS": "127.0.0.1:1"},
    )


def test_every_file_has_a_row(scanned: Path) -> None:
    """The long one of parts, the broken one with its error."""
    done = invoke(scan, "verify", scanned / "out")
    assert (0, "4 files, 0.31 h of sound") == (done.exit_code, done.stdout[:24])
    assert {"scan.json", "model.onnx", "manifest", "rows", "parts", "summary.json"} == {
        path.name for path in (scanned / "out").iterdir()
    }
    assert 1 == json.loads((scanned / "out" / "summary.json").read_text())["failed"]


def test_missing_rows_are_an_error(scanned: Path, tmp_path: Path) -> None:
    """`verify` exits with 1 and says which are missing."""
    for folder in ("manifest", "rows"):
        (tmp_path / folder).mkdir()
    (tmp_path / "scan.json").write_bytes((scanned / "out" / "scan.json").read_bytes())
    name = next((scanned / "out" / "manifest").iterdir())
    (tmp_path / "manifest" / name.name).write_bytes(name.read_bytes())
    done = invoke(scan, "verify", tmp_path)
    assert (1, "4 files have no row, the first is number 0\n") == (done.exit_code, done.stdout)


def test_what_is_done_is_not_done_again(scanned: Path) -> None:
    """The same command again starts no worker; other settings are refused."""
    done = invoke(scan, scanned / "in", "--out", scanned / "out")
    assert (0, True) == (done.exit_code, "4 files, 0.31 h of sound" in done.stderr)
    for option, words in (("--hop=0.5", "other settings: window"), ("--no-resume", "has rows of a run before")):
        done = invoke(scan, scanned / "in", "--out", scanned / "out", option)
        assert (1, True) == (done.exit_code, words in done.stderr)


def test_picture_and_export(scanned: Path, tmp_path: Path) -> None:
    """What was found can be seen, and read by other programs."""
    assert 0 == invoke(scan, "draw", scanned / "out", tmp_path / "found.png").exit_code
    assert b"\x89PNG" == (tmp_path / "found.png").read_bytes()[:4]
    done = invoke(scan, "export", scanned / "out", tmp_path / "events.csv")
    events = json.loads((scanned / "out" / "summary.json").read_text())["events"]
    assert f"{tmp_path}/events.csv: {sum(events.values())} events\n" == done.stderr
    assert 2 == invoke(scan, "export", scanned / "out", tmp_path / "events.xml").exit_code


@pytest.mark.parametrize("arguments", [["verify"], ["export", "events.csv"], ["draw", "found.png"]])
def test_what_is_no_destination_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    """Nothing is written, either."""
    monkeypatch.chdir(tmp_path)
    done = invoke(scan, arguments[0], "typo", *arguments[1:])
    assert (1, "typo: is no destination of sed-scan; give the folder that --out named\n") == (
        done.exit_code,
        done.stderr.partition(": ")[2],
    )
    assert [] == os.listdir(tmp_path)


def test_dry_run_writes_nothing(scanned: Path, tmp_path: Path) -> None:
    """It says how many files and hours there are."""
    done = invoke(scan, scanned / "in", "--out", tmp_path / "out", "--dry-run", "--workers", "4")
    assert "4 files, 0.04 GB" == done.stdout.splitlines()[0]
    assert "about 0.3 h of sound" in done.stdout
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nothing"], 1, "nothing: no such file"),
        (["in", "--address", "127.0.0.1:1"], 2, "Ray cannot begin at --address 127.0.0.1:1 ([Errno 111] "),
        (["in", "--channel", "best"], 2, "expected mix or the number of a channel"),
        (["in", "--timezone", "Mars"], 2, "--timezone Mars"),
        (["in", "--model", "in/broken.wav"], 1, "is no ONNX model"),
    ],
)
def test_bad_input_is_said_before_any_row_is_written(
    scanned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, words: str
) -> None:
    """Each with its exit code."""
    monkeypatch.chdir(scanned)
    done = invoke(scan, *arguments, "--out", tmp_path / "out")
    assert (code, True) == (done.exit_code, words in done.stderr)
    assert not list((tmp_path / "out").glob("rows/*"))
