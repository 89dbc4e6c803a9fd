import contextlib
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import DEMO, command
from tests.edge.log.writing import column, event, numbers, sink

pytestmark = pytest.mark.realtime


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", folder], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        message = f"needs to mount a small file system: run as root ({done.stderr.strip()})"
        if "SED_EDGE_NOTHING_MISSING" in os.environ:
            pytest.fail(message)
        pytest.skip(message)
    yield folder
    subprocess.run(["umount", folder], check=True)


def fill(disk: Path) -> Path:
    """A file that leaves no room."""
    hog = disk / "hog"
    with contextlib.suppress(OSError), hog.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(512))
    return hog


@pytest.mark.parametrize("durable", [False, True])
def test_a_full_disk_is_told_of_and_survived(small_disk: Path, caplog: pytest.LogCaptureFixture, durable: bool) -> None:
    """What memory keeps is written when there is room: nothing is lost, nothing is there twice or in halves."""
    path = small_disk / "a.jsonl"
    file = sink(path, durable=durable)
    for number in range(2000):
        file.write(event(number))
        if number == 1500:
            assert 0 < len(numbers(path)) < 1000  # whole lines only
            assert [f"{path}: No space left on device; continues, and keeps its lines until they can be written"] == (
                caplog.messages
            )
            subprocess.run(["mount", "-o", "remount,size=1m", small_disk], check=True)
    file.close()
    assert [*range(2000)] == numbers(path)
    assert f"{path}: is written again" == caplog.messages[-1]
    assert 2 == len(caplog.messages)


def test_what_a_full_disk_cost_is_in_the_log(small_disk: Path, caplog: pytest.LogCaptureFixture) -> None:
    """How many lines of which source, from when to when; the newest are kept, and every line is accounted for."""
    path = small_disk / "a.jsonl"
    file = sink(path)
    hog = fill(small_disk)
    for number in range(20_000):
        file.write(event(number, "porch" if number % 4 else "barn"))
    hog.unlink()
    subprocess.run(["mount", "-o", "remount,size=4m", small_disk], check=True)
    file.write(event(20_000))
    file.close()
    records = [json.loads(line) for line in path.read_text().splitlines()]
    losses = [record for record in records if record["type"] == "lost"]
    there = [record["id"] for record in records if record["type"] == "event"]
    missing = sorted(set(range(20_001)) - set(there))
    assert sorted(set(there)) == there
    assert len(missing) == sum(loss["lines"] for loss in losses) > 1000
    assert {"porch", "barn"} == {loss["source"] for loss in losses}
    assert (float(missing[0]), missing[-1] + 0.5) == (
        min(loss["onset"] for loss in losses),
        max(loss["offset"] for loss in losses),
    )
    assert {"No space left on device"} == {loss["reason"] for loss in losses}
    assert f"{path}: is written again; {len(missing)} lines were lost" == caplog.messages[-1]


def test_a_disk_that_is_full_at_the_start_is_no_reason_not_to_listen(small_disk: Path) -> None:
    """The header comes when there is room."""
    hog = fill(small_disk)
    file = sink(small_disk / "a.csv")
    file.write(event(1))
    hog.unlink()
    file.write(event(2))
    file.close()
    assert ["id", "1", "2"] == column(small_disk / "a.csv", 2)


def test_lines_that_never_found_room_make_an_error(small_disk: Path) -> None:
    """At the end, with their number."""
    file = sink(small_disk / "a.jsonl")
    fill(small_disk)
    for number in range(3):
        file.write(event(number))
    with pytest.raises(OSError, match="No space left on device; 3 lines could not be written"):
        file.close()


def test_a_stream_outlives_a_full_disk(small_disk: Path) -> None:
    """It says so once, goes on, and the file has every line in the end."""
    path, hog = small_disk / "a.jsonl", fill(small_disk)
    arguments = ["--realtime", "--duration", "5", "--stats-every", "0.1", "--durable", "--out", path]
    with subprocess.Popen(
        [command("sed-stream"), DEMO, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        printed = [process.stdout.readline() for _ in range(10)]
        assert [] == numbers(path)
        hog.unlink()
        printed += process.stdout.readlines()
        said = [line.partition(f"{path}: ")[2] for line in process.stderr if str(path) in line]
    assert "".join(printed) == path.read_text()
    assert (2, "is written again\n") == (len(said), said[-1])
    assert 0 == process.returncode
