import json
import os
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import edge.log.line_file
from edge.errors import SettingError
from edge.log.file_sink import open_files
from edge.log.line_file import Rotation
from tests.edge.log.writing import column, event, numbers, sink

pytestmark = pytest.mark.realtime


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
