import contextlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import edge.log.line_file
from edge.errors import SettingError
from edge.log.file_sink import FileSink, open_files
from edge.log.formats import format_of
from edge.log.line_file import Rotation
from edge.log.records import Record
from tests.conftest import DEMO, command

pytestmark = pytest.mark.realtime


def event(number: int, source: str = "porch") -> Record:
    """A record that tells itself from others."""
    times = {"onset": float(number), "offset": number + 0.5}
    return {"type": "event", "source": source, "id": number, "label": "dog", **times, "confidence": 0.9}


def sink(path: Path, *, durable: bool = False, rotation: Rotation | None = None) -> FileSink:
    """A file of the format that its suffix tells."""
    form = format_of(path.name, sample_rate=16_000, several=False)[1]
    return FileSink(path, form, durable=durable, rotation=rotation)


def numbers(*paths: Path) -> list[int]:
    """The events of some files, each line of which is whole."""
    records = [json.loads(line) for path in paths for line in path.read_text().splitlines()]
    return [record["id"] for record in records if record["type"] == "event"]


def column(path: Path, number: int, delimiter: str = ",") -> list[str]:
    """One column of a table, its header first."""
    return [line.split(delimiter)[number] for line in path.read_text().splitlines()]


def test_a_restart_appends(tmp_path: Path) -> None:
    """One header, every line of both runs."""
    for name in ("a.csv", "a.jsonl", "a.tsv"):
        for number in (1, 2):
            file = sink(tmp_path / name)
            file.write(event(number))
            file.close()
    assert [1, 2] == numbers(tmp_path / "a.jsonl")
    assert ["id", "1", "2"] == column(tmp_path / "a.csv", 2)
    assert ["onset", "1.000", "2.000"] == [
        line.split("\t")[1] for line in (tmp_path / "a.tsv").read_text().splitlines()
    ]


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.txt", "a.selections.txt", "a.tsv"])
def test_a_file_cut_anywhere_is_mended(tmp_path: Path, name: str) -> None:
    """Wherever a crash cut it: no whole line is lost, no half line stays, there is one header."""
    path = tmp_path / name
    file = sink(path)
    for number in (1, 2, 3):
        file.write(event(number))
    file.close()
    whole = path.read_text()
    for length in range(len(whole)):
        path.write_text(whole[:length])
        file = sink(path)
        file.write(event(3))
        file.close()
        lines, before = path.read_text().splitlines(), whole[:length].splitlines(keepends=True)
        kept = [line.rstrip("\n") for line in before if line.endswith("\n")]
        assert kept == lines[: len(kept)]
        mended = lines[len(kept) :]
        expected = whole.splitlines()[:1] if not kept and name not in ("a.jsonl", "a.txt") else []
        completed = before[-1:] if name == "a.jsonl" and before and before[-1][-1:] == "}" else []
        assert [*expected, *completed] == mended[:-1]
        assert re.sub(r"^\d+\t", "", mended[-1]) == re.sub(r"^\d+\t", "", whole.splitlines()[-1])


def test_what_a_mended_file_loses_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Zeros, as power failures leave them, included."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(json.dumps(event(1)).encode() + b'\n{"type": "ev' + bytes(500))
    sink(path).close()
    assert [1] == numbers(path)
    assert [f'{path}: its last line was cut off and is removed: {{"type": "ev'] == caplog.messages


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.txt", "a.selections.txt", "a.tsv"])
def test_somebody_elses_file_is_left_alone(tmp_path: Path, name: str) -> None:
    """A slip in a path must not cost a person their notes."""
    for text in ("Dear diary,\nall is well", "Dear diary", "x" * 3_000_000):
        (tmp_path / name).write_text(text)
        with pytest.raises(SettingError, match="give another file"):
            sink(tmp_path / name)
        assert text == (tmp_path / name).read_text()


def test_what_is_no_file_is_an_error(tmp_path: Path) -> None:
    """A folder, a folder that is missing, a pipe, a name that is given twice."""
    os.mkfifo(tmp_path / "a.csv")
    (tmp_path / "b.csv").mkdir()
    with pytest.raises(SettingError, match="is not a regular file"):
        sink(tmp_path / "a.csv")
    with pytest.raises(IsADirectoryError):
        sink(tmp_path / "b.csv")
    with pytest.raises(FileNotFoundError):
        sink(tmp_path / "none" / "c.csv")
    twice = [str(tmp_path / "d.csv"), f"jsonl:{tmp_path}/./d.csv"]
    with pytest.raises(SettingError, match="is given twice"):
        open_files(twice, sample_rate=16_000, several=False, durable=False, rotation=None)


def test_a_file_is_rotated_by_size(tmp_path: Path) -> None:
    """No file exceeds it, none is overwritten, names sort by time; each begins with what its readers need."""
    line = len(json.dumps(event(10))) + 1
    start = {"type": "start", "source": "porch", "labels": ["dog"]}
    file = sink(tmp_path / "a.jsonl", rotation=Rotation(most_bytes=5 * line))
    file.write(start)
    for number in range(10, 50):
        file.write(event(number))
    file.close()
    paths = sorted(tmp_path.glob("a.2*Z.jsonl"))
    assert len(paths) >= 8
    assert [*range(10, 50)] == numbers(*paths, tmp_path / "a.jsonl")
    assert max(path.stat().st_size for path in paths) <= 5 * line
    firsts = [json.loads(path.read_text().splitlines()[0]) for path in (*paths, tmp_path / "a.jsonl")]
    assert [start] + [start | {"continued": True}] * len(paths) == firsts


def test_rotated_names_sort_by_time_whatever_the_clock_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set back by a day, standing still: nothing is overwritten."""
    now = [datetime(2026, 5, 1, tzinfo=UTC)]
    monkeypatch.setattr(edge.log.line_file, "_now", lambda: now[0])
    file = sink(tmp_path / "a.selections.txt", rotation=Rotation(most_bytes=1))
    for number in range(6):
        file.write(event(number))
        now[0] -= timedelta(days=1) * (number == 2)
    file.close()
    paths = [*sorted(tmp_path.glob("a.2*Z.selections.txt")), tmp_path / "a.selections.txt"]
    rows = [path.read_text().splitlines()[1].split("\t") for path in paths]
    assert [f"{number}.000" for number in range(6)] == [row[3] for row in rows]
    assert "a.20260501T000000.000000Z.selections.txt" == paths[0].name


def test_a_file_is_rotated_by_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In UTC, named by its last line; a restart on the next day puts yesterday's file aside, cut off or not."""
    now = [datetime(2026, 5, 1, 23, 59, 59, tzinfo=UTC)]
    monkeypatch.setattr(edge.log.line_file, "_now", lambda: now[0])
    path, daily = tmp_path / "a.csv", Rotation.parse("day")
    file = sink(path, rotation=daily)
    file.write(event(1))
    now[0] += timedelta(seconds=1)
    file.write(event(2))
    file.write(event(3))
    file.close()
    with path.open("a") as torn:
        torn.write("porch,eve")
    os.utime(path, (now[0].timestamp(), now[0].timestamp()))
    now[0] += timedelta(days=3)
    file = sink(path, rotation=daily)
    file.write(event(4))
    file.close()
    paths = sorted(tmp_path.glob("a*.csv"), key=lambda found: (found == path, found))
    ids = [column(found, 2)[1:] for found in paths]
    assert [["1"], ["2", "3"], ["4"]] == ids
    assert ["a.20260501T235959.000000Z.csv", "a.20260502T000000.000000Z.csv"] == [found.name for found in paths[:2]]


@pytest.mark.parametrize("text", ["", "100", "0MB", "1.5MB", "week", "-1MB", "10 MiB", "9999999999999GB"])
def test_a_wrong_rotation_says_what_is_right(text: str) -> None:
    """By example."""
    with pytest.raises(SettingError, match="expected day, or a size such as 500kB, 100MB or 1GB"):
        Rotation.parse(text)


def test_a_moved_file_is_written_until_it_is_reopened(tmp_path: Path) -> None:
    """As logrotate does it: rename, signal, compress."""
    path = tmp_path / "a.csv"
    file = sink(path)
    file.write(event(1))
    path.rename(tmp_path / "a.csv.1")
    file.write(event(2))
    file.reopen()
    file.write(event(3))
    file.close()
    assert (["id", "1", "2"], ["id", "3"]) == (column(tmp_path / "a.csv.1", 2), column(path, 2))


def test_a_deleted_file_is_begun_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """And nothing more goes into the void; somebody who empties it instead (copytruncate) finds no hole in it."""
    path = tmp_path / "a.jsonl"
    file = sink(path)
    file.write(event(1))
    path.unlink()
    file.write(event(2))
    os.truncate(path, 0)
    file.write(event(3))
    file.close()
    assert [3] == numbers(path)
    assert [f"{path}: was deleted; continues in a new file"] == caplog.messages


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


def test_a_folder_that_goes_and_comes_back_is_survived(tmp_path: Path) -> None:
    """As a drive that is unplugged: the file is begun again where its name leads then."""
    path = tmp_path / "drive" / "a.csv"
    path.parent.mkdir()
    file = sink(path)
    file.write(event(1))
    shutil.rmtree(path.parent)
    file.write(event(2))
    path.parent.mkdir()
    file.write(event(3))
    file.close()
    assert ["id", "2", "3"] == column(path, 2)
