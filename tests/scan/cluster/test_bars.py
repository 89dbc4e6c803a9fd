"""What a scan costs: run with `-s` to see the figures that scan/README.md tells.

SED_SCAN_FILES, SED_SCAN_ROWS and SED_SCAN_HOURS set how much there is: README.md has figures of 10,000 files and a
million rows. Of more than two hours, a table of workers and of lengths of parts is printed.
"""

import itertools
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from scan.archive import ArchiveFile, Folder
from scan.table import Manifest, make_description, make_row, settle, verify, write_description, write_shard
from tests.conftest import command
from tests.scan.cluster.measuring import measured

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]

FILES = int(os.environ.get("SED_SCAN_FILES", "300"))
ROWS = int(os.environ.get("SED_SCAN_ROWS", "200000"))
HOURS = int(os.environ.get("SED_SCAN_HOURS", "2"))
# Workers, and seconds of a part.
WAYS = ((1, 1800), (2, 0), (2, 300), (2, 1800)) if HOURS > 2 else ((2, 1800),)
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


def test_many_files(tmp_path: Path, demo_audio: NDArray[np.float32]) -> None:
    """Each has its row, and no process needs much memory."""
    write_archive(tmp_path / "in", demo_audio)
    cost = measured(tmp_path / "in", "--out", tmp_path / "out", "--workers", 2)
    say(f"{FILES} files in {cost.seconds:.0f} s; peak MB: { {k: round(v) for k, v in cost.peak_mb.items()} }")
    assert [] == verify(Folder(str(tmp_path / "out")))
    assert {} == {name: peak for name, peak in cost.peak_mb.items() if peak > MOST_MB}


@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_workers_cost_little_more_than_a_stream(tmp_path: Path, demo_audio: NDArray[np.float32], suffix: str) -> None:
    """Of the processor's time: `sed-stream` takes at least 0.7 of what they take. The share of the ideal is printed."""
    (tmp_path / "in").mkdir()
    for number in range(HOURS):
        soundfile.write(tmp_path / "in" / f"{number}.{suffix}", np.tile(demo_audio, 64), 16000)
    (tmp_path / "one").mkdir()
    soundfile.write(tmp_path / "one" / f"one.{suffix}", demo_audio[:16000], 16000)
    alone, alone_cpu = (HOURS * each for each in _stream_seconds(tmp_path / "in" / f"0.{suffix}"))
    starts = {
        workers: measured(tmp_path / "one", "--out", tmp_path / f"start{workers}", "--workers", workers).seconds
        for workers in {workers for workers, _ in WAYS}
    }
    for workers, part in WAYS:
        out = tmp_path / f"{workers}-{part}"
        whole = measured(tmp_path / "in", "--out", out, "--workers", workers, "--part", part)
        share = alone / workers / (whole.seconds - starts[workers])
        cpu = sum(seconds for name, seconds in whole.cpu_seconds.items() if "MapWorker" in name)
        say(
            f"{suffix}, {workers} workers, parts of {part} s: {share:.2f} of the ideal "
            f"({whole.seconds:.1f} s, start {starts[workers]:.1f} s); "
            f"sed-stream takes {alone_cpu:.1f} s of a processor, the workers {cpu:.1f} s"
        )
        assert alone_cpu / cpu >= 0.7


def _stream_seconds(path: Path) -> tuple[float, float]:
    """What `sed-stream` takes for a file: seconds, and those of a processor."""
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([command("sed-stream"), path, "--provider", "cpu"], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - began, cpu


def test_many_rows(tmp_path: Path) -> None:
    """Neither the memory of what the driver does nor the time for a row grows; a stand-in does the workers' part."""
    folder, began = Folder(str(tmp_path)), [time.monotonic()]
    write_description(folder, make_description("model", "hash", {}, []))
    manifest, memory = Manifest(folder), []

    def files() -> Iterator[ArchiveFile]:
        for number in range(ROWS):
            if number % (ROWS // 5) == 0:
                began.append(time.monotonic())
                memory.append(_resident_mb())
            yield ArchiveFile(
                f"/data/{number % 100}/{number:09d}_20250501_043000.wav", 3244, "2025-05-01T00:00:00+00:00"
            )

    manifest.add(files())
    for wave in manifest.waves():
        rows = [make_row(row, []) | {"model": "model", "settings": "hash"} for row in wave]
        write_shard(folder, f"{wave[0]['number']:09d}.parquet", rows)
        memory.append(_resident_mb())
    assert settle(folder, ROWS).all()
    assert [] == verify(folder)
    megabytes = [round(each) for each in memory]
    say(f"MB while {ROWS} files are listed and then written: {megabytes}, {_resident_mb():.0f} at last")
    say(f"seconds for each fifth of the list: {[round(b - a, 1) for a, b in itertools.pairwise(began[1:])]}")
    assert memory[-1] - memory[1] < MOST_MB / 2


def _resident_mb() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024
