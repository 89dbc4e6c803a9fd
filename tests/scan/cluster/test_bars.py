"""What a scan costs: run with `-s` to see the figures that docs/scale.md tells.

SED_SCAN_FILES and SED_SCAN_ROWS make the archives smaller.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
import soundfile
from numpy.typing import NDArray

from scan.archive import Folder
from scan.table import verify
from tests.conftest import command
from tests.scan.cluster.measuring import measured

pytestmark = [pytest.mark.slow, pytest.mark.alone, pytest.mark.timeout(7200)]

FILES = int(os.environ.get("SED_SCAN_FILES", "10000"))
ROWS = int(os.environ.get("SED_SCAN_ROWS", "1000000"))
MOST_MB = 500


def say(text: str) -> None:
    """Print a figure."""
    sys.stdout.write(f"{text}\n")


def broken(content: bytes, kind: int) -> bytes:
    """A file, broken in one of ten ways."""
    middle = len(content) // 2
    return (
        b"",
        content[:20],
        content[:44],
        content[:middle],
        b"\0" * len(content),
        content[:middle] + b"\0" * 4000 + content[middle + 4000 :],
        b"<html>not found</html>",
        content[4:],
        content[:30] + b"\xff" * 14 + content[44:],
        content[:middle] + os.urandom(middle),
    )[kind]


def write_archive(folder: Path, audio: NDArray[np.float32]) -> None:
    """Files of 0.1 s to 10 min, most of them short, one in a hundred of them broken."""
    rng = np.random.default_rng(0)
    long = np.tile(audio, 11)
    for number in range(FILES):
        seconds = 600.0 if number % 2500 == 0 else 0.1 * 600 ** rng.random()
        begin = int(rng.integers(len(audio)))
        path = folder / f"{number // 1000:03d}" / f"{number:06d}.{'wav' if number % 2 else 'flac'}"
        path.parent.mkdir(exist_ok=True, parents=True)
        soundfile.write(path, long[begin : begin + round(16000 * seconds)], 16000)
        if number % 100 == 7:
            path.write_bytes(broken(path.read_bytes(), number // 100 % 10))


def test_ten_thousand_files(tmp_path: Path, demo_audio: NDArray[np.float32]) -> None:
    """Each has its row, and no process needs much memory."""
    write_archive(tmp_path / "in", demo_audio)
    cost = measured(tmp_path / "in", "--out", tmp_path / "out", "--workers", 2)
    say(f"\n{FILES} files in {cost.seconds:.0f} s; peak MB: { {k: round(v) for k, v in cost.peak_mb.items()} }")
    assert [] == verify(Folder(str(tmp_path / "out")))
    assert {} == {name: peak for name, peak in cost.peak_mb.items() if peak > MOST_MB}


@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_two_workers_do_the_work_of_two(tmp_path: Path, demo_audio: NDArray[np.float32], suffix: str) -> None:
    """At least 0.85 times what `sed-stream` does in one thread, times two; the start of Ray is left out."""
    (tmp_path / "in").mkdir()
    hours = 4
    for number in range(hours):
        soundfile.write(tmp_path / "in" / f"{number}.{suffix}", np.tile(demo_audio, 64), 16000)
    (tmp_path / "one").mkdir()
    soundfile.write(tmp_path / "one" / f"one.{suffix}", demo_audio[:16000], 16000)
    alone = _stream_seconds(tmp_path / "in" / f"0.{suffix}") * hours
    for workers in (1, 2):
        for part in (0, 300, 1800):
            start = measured(tmp_path / "one", "--out", tmp_path / f"s{workers}{part}", "--workers", workers).seconds
            out = tmp_path / f"{workers}-{part}"
            whole = measured(tmp_path / "in", "--out", out, "--workers", workers, "--part", part).seconds
            share = alone / workers / (whole - start)
            say(
                f"\n{suffix}, {workers} workers, parts of {part} s: {share:.2f} of the ideal "
                f"({whole:.1f} s, start {start:.1f} s)"
            )
    assert share >= 0.85


def _stream_seconds(path: Path) -> float:
    began = time.monotonic()
    subprocess.run([command("sed-stream"), path, "--provider", "cpu"], check=True, capture_output=True)
    return time.monotonic() - began


def test_a_million_rows(tmp_path: Path, demo_audio: NDArray[np.float32]) -> None:
    """The driver's memory and the cost of a row do not grow with the number of rows."""
    soundfile.write(tmp_path / "short.wav", demo_audio[:1600], 16000)
    (tmp_path / "in").mkdir()
    for number in range(1000):  # as many names as a folder may well hold, for the same few samples
        for each in range(ROWS // 1000):
            (tmp_path / "in" / f"{number}").mkdir(exist_ok=True)
            os.link(tmp_path / "short.wav", tmp_path / "in" / f"{number}" / f"{each}.wav")
    paths = [f"{tmp_path}/in/{number}/{each}.wav" for number in range(1000) for each in range(ROWS // 1000)]
    pyarrow.parquet.write_table(pyarrow.table({"path": paths, "size": [3244] * len(paths)}), tmp_path / "m.parquet")
    cost = measured(tmp_path / "m.parquet", "--out", tmp_path / "out", "--workers", 2, "--started-at", "none")
    say(
        f"\n{ROWS} rows in {cost.seconds:.0f} s, {1000 * cost.seconds / ROWS:.2f} ms a row; the driver has "
        f"{cost.first_mb:.0f} MB after a quarter and {cost.last_mb:.0f} MB at the end; peak MB: {cost.peak_mb}"
    )
    assert [] == verify(Folder(str(tmp_path / "out")))
    assert cost.last_mb < MOST_MB
