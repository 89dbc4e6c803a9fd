"""What a scan costs: run with `-s` to see the figures that scan/README.md tells.

SED_SCAN_FILES, SED_SCAN_ROWS, SED_SCAN_WORKER_ROWS and SED_SCAN_HOURS set how much there is: README.md has figures of
10,000 files and a million rows. Of more than two hours, a table of workers and of lengths of parts is printed.
"""

import contextlib
import itertools
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
import soundfile
from numpy.typing import NDArray

from scan.archive import ArchiveFile, Folder
from scan.table import Manifest, make_description, make_row, settle, verify, write_description, write_shard
from tests.conftest import command
from tests.scan.cluster.measuring import Cost, measured, resident_mb

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]

FILES = int(os.environ.get("SED_SCAN_FILES", "300"))
ROWS = int(os.environ.get("SED_SCAN_ROWS", "200000"))
WORKER_ROWS = int(os.environ.get("SED_SCAN_WORKER_ROWS", "5000"))
TINY_FILES = 1000
HOURS = int(os.environ.get("SED_SCAN_HOURS", "2"))
# Workers, and seconds of a part; 0 for whole recordings.
WAYS = ((1, 0), (1, 1800), (1, 300), (2, 0), (2, 1800), (2, 300)) if HOURS > 2 else ((2, 1800),)
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
    hour, second = tmp_path / "in" / f"0.{suffix}", tmp_path / "one" / f"one.{suffix}"
    for path, audio in ((hour, np.tile(demo_audio, 64)), (second, demo_audio[:16000])):
        path.parent.mkdir()
        soundfile.write(path, audio, 16000)
    for number in range(1, HOURS):
        shutil.copyfile(hour, hour.with_name(f"{number}.{suffix}"))
    shutil.copyfile(second, second.with_name(f"two.{suffix}"))  # so that two workers start
    whole, start = (min(_stream_seconds(path) for _ in range(2)) for path in (hour, second))
    alone, alone_cpu = (HOURS * (long - short) for long, short in zip(whole, start, strict=True))
    say(f"{suffix}, sed-stream on one core: {alone / HOURS:.1f} s an hour, of a processor {alone_cpu / HOURS:.1f} s")
    starts = {
        workers: measured(second.parent, "--out", tmp_path / f"start{workers}", "--workers", workers)
        for workers in sorted({workers for workers, _ in WAYS})
    }
    for workers, part in WAYS:
        cost = measured(hour.parent, "--out", tmp_path / f"{workers}-{part}", "--workers", workers, "--part", part)
        seconds = cost.seconds - starts[workers].seconds
        cpu = _of_workers(cost) - _of_workers(starts[workers])
        say(
            f"{suffix}, {workers} workers, {f'parts of {part} s' if part else 'whole'}: "
            f"{alone / workers / seconds:.2f} of the ideal ({seconds / HOURS:.1f} s an hour after a start of "
            f"{starts[workers].seconds:.1f} s); {alone_cpu / cpu:.2f} by the processor's time"
        )
        assert alone_cpu / cpu >= 0.7


def _stream_seconds(path: Path) -> tuple[float, float]:
    """What `sed-stream` takes for a file on one core: seconds, and those of a processor."""
    line: list[object] = ["taskset", "--cpu-list", min(os.sched_getaffinity(0)), command("sed-stream"), path]
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*map(str, line), "--provider", "cpu"], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - began, cpu


def _of_workers(cost: Cost) -> float:
    """Their seconds of a processor."""
    return sum(seconds for name, seconds in cost.cpu_seconds.items() if "MapWorker" in name)


def test_many_rows(tmp_path: Path) -> None:
    """Neither the memory of what the driver does nor the time for a row grows; a stand-in does the workers' part."""
    folder, began = Folder(str(tmp_path)), [time.monotonic()]
    write_description(folder, make_description("model", "hash", {}, []))
    manifest, memory = Manifest(folder), []

    def files() -> Iterator[ArchiveFile]:
        for number in range(ROWS):
            if number % (ROWS // 5) == 0:
                began.append(time.monotonic())
                memory.append(resident_mb())
            yield ArchiveFile(
                f"/data/{number % 100}/{number:09d}_20250501_043000.wav", 3244, "2025-05-01T00:00:00+00:00"
            )

    manifest.add(files())
    for wave in manifest.waves():
        rows = [make_row(row, []) | {"model": "model", "settings": "hash"} for row in wave]
        write_shard(folder, f"{wave[0]['number']:09d}.parquet", rows)
        memory.append(resident_mb())
    assert settle(folder, ROWS).all()
    assert [] == verify(folder)
    megabytes = [round(each) for each in memory]
    say(f"MB while {ROWS} files are listed and then written: {megabytes}, {resident_mb():.0f} at last")
    say(f"seconds for each fifth of the list: {[round(b - a, 1) for a, b in itertools.pairwise(began[1:])]}")
    assert memory[-1] - memory[1] < MOST_MB / 2


def test_rows_of_workers(tmp_path: Path) -> None:
    """Neither the driver's memory nor the time for a row grows; two workers read files of a few samples."""
    (tmp_path / "in").mkdir()
    for number in range(TINY_FILES):
        soundfile.write(tmp_path / "in" / f"{number:03d}.wav", np.zeros(100 + number), 16000)
    for number in range(-(-WORKER_ROWS // TINY_FILES)):
        (tmp_path / "in" / f"d{number}").mkdir()
    # A path for each row; a thousand of them lead to one file where there are a million.
    paths = [f"d{number // TINY_FILES}/../{number % TINY_FILES:03d}.wav" for number in range(WORKER_ROWS)]
    pyarrow.parquet.write_table(pyarrow.table({"path": paths}), tmp_path / "in" / "all.parquet")
    marks: list[tuple[float, float]] = []

    def look(driver: int) -> None:
        while len(marks) < 5 and _rows_written(tmp_path / "out") >= max(1, len(marks) * WORKER_ROWS // 4):
            marks.append((time.monotonic(), resident_mb(driver)))

    cost = measured(tmp_path / "in" / "all.parquet", "--out", tmp_path / "out", "--workers", 2, look=look)
    seconds = [round(after - before, 1) for (before, _), (after, _) in itertools.pairwise(marks)]
    cpu = {name: round(1000 * each / WORKER_ROWS, 2) for name, each in cost.cpu_seconds.items()}
    say(f"{WORKER_ROWS} rows of workers in {cost.seconds:.0f} s; seconds for each quarter: {seconds}")
    say(f"MB of the driver at the first row and after each quarter: {[round(memory) for _, memory in marks]}")
    say(f"ms of a processor for a row: {cpu}; peak MB: { {k: round(v) for k, v in cost.peak_mb.items()} }")
    assert [] == verify(Folder(str(tmp_path / "out")))
    assert 5 == len(marks)
    assert marks[-1][1] - marks[1][1] < MOST_MB / 5


def _rows_written(out: Path) -> int:
    """How far the newest shard of a table reaches."""
    with contextlib.suppress(OSError, ValueError):  # there is none yet, or it was merged just now
        newest = max(out.glob("rows/*.parquet"), key=lambda path: path.stat().st_mtime)
        return int(pyarrow.parquet.read_metadata(newest).row_group(0).column(0).statistics.max) + 1
    return 0
