"""A destination: numbers, shards, what is refused, and whether all is there."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scan.archive import ArchiveFile, Folder
from scan.errors import ScanError
from scan.table import (
    Manifest,
    Row,
    drop_numbers,
    export_table,
    failed_numbers,
    locked,
    make_description,
    make_row,
    merge_shards,
    require_usable,
    settle,
    summarise,
    verify,
    write_description,
    write_shard,
)

EVENT = {"type": "event", "label": "dog", "onset": 0.5, "offset": 1.0, "confidence": 0.9, "closed_by": "end"}


def destination(path: Path, names: str = "abcd") -> Folder:
    """One whose manifest has a file for each letter."""
    folder = Folder(str(path))
    write_description(folder, make_description("model", "hash", {}, []))
    Manifest(folder).add(ArchiveFile(name, 4, "1") for name in names)
    return folder


def rows(folder: Folder, *numbers: int, error: str | None = None) -> list[Row]:
    """Rows of these files, each with an event."""
    files = next(Manifest(folder).waves())
    kept = [make_row(files[number], [EVENT], error=error) for number in numbers]
    return [row | {"model": "model", "settings": "hash"} for row in kept]


def test_manifest_goes_on_with_its_numbers(tmp_path: Path) -> None:
    """New files follow those from before; the same ones count once, changed ones keep their number."""
    folder = destination(tmp_path, "ba")
    files = [ArchiveFile(name, 4, "1") for name in ("b", "c", "c")] + [ArchiveFile("a", 5, "2")]
    new, twice, changed = Manifest(folder).add(files)
    assert (1, 1, [1]) == (new, twice, changed.tolist())
    found = [(row["number"], row["path"], row["size"]) for wave in Manifest(folder).waves() for row in wave]
    assert [(0, "b", 4), (1, "a", 5), (2, "c", 4)] == found


def test_rows_that_come_twice_are_dropped(tmp_path: Path) -> None:
    """As where a worker died after it had written, or a merge was cut off."""
    folder = destination(tmp_path)
    write_shard(folder, "1.parquet", rows(folder, 0, 1))
    write_shard(folder, "2.parquet", rows(folder, 1, 2))
    merge_shards(folder, ["1.parquet", "2.parquet"], "3.parquet")
    write_shard(folder, "1.parquet", rows(folder, 0, 1))
    assert "2 files have several rows" in verify(folder)[1]
    assert [True, True, True, False] == settle(folder, 4).tolist()
    assert ["1 files have no row, the first is number 3"] == verify(folder)


def test_failed_rows_can_be_dropped(tmp_path: Path) -> None:
    """Their files are to come again."""
    folder = destination(tmp_path)
    write_shard(folder, "1.parquet", [*rows(folder, 0, 1), *rows(folder, 2, error="broken")])
    write_shard(folder, "2.parquet", rows(folder, 3, error="broken"))
    drop_numbers(folder, failed_numbers(folder))
    assert [True, True, False, False] == settle(folder, 4).tolist()


def test_summary_counts(tmp_path: Path) -> None:
    """Rows, events by label, and errors."""
    folder = destination(tmp_path, "ab")
    write_shard(folder, "1.parquet", [*rows(folder, 0), *rows(folder, 1, error="broken")])
    assert [] == verify(folder)
    summary = summarise(folder)
    assert (2, 1, {"dog": 2}, {"broken": 1}) == tuple(summary[name] for name in ("rows", "failed", "events", "errors"))


def test_a_manifest_without_files_proves_nothing(tmp_path: Path) -> None:
    """As where it was deleted."""
    assert ["the manifest names no file"] == verify(destination(tmp_path, ""))


def test_rows_of_another_archive_are_noticed(tmp_path: Path) -> None:
    """A row's path is that of the manifest."""
    folder = destination(tmp_path, "ab")
    write_shard(folder, "1.parquet", [row | {"path": "x"} for row in rows(folder, 0, 1)])
    assert ["1.parquet: 2 rows of files that are not in the manifest"] == verify(folder)


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"hash": "other", "model": "other"}, "model \\(model there, other now\\)"), ({"hash": "other"}, "the weights")],
)
def test_other_models_are_refused(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    """A destination has rows of one model and one choice of settings."""
    folder = destination(tmp_path)
    assert require_usable(folder, make_description("model", "hash", {}, []))
    with pytest.raises(ScanError, match=words):
        require_usable(folder, make_description("model", "hash", {}, []) | changes)


def test_other_folders_are_refused(tmp_path: Path) -> None:
    """What holds something else is not written to; nor is a second run let in."""
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ScanError, match="holds something else already"):
        require_usable(Folder(str(tmp_path)), make_description("model", "hash", {}, []))
    folder = destination(tmp_path / "out")
    lock = {"host": os.uname().nodename, "pid": os.getppid(), "seen": 0}
    (tmp_path / "out" / "lock.json").write_text(json.dumps(lock))
    with pytest.raises(ScanError, match="another run writes here"), locked(folder):
        pass


def test_lock_of_a_dead_run_is_taken_over(tmp_path: Path) -> None:
    """A process that was killed leaves its lock."""
    folder = destination(tmp_path)
    (tmp_path / "lock.json").write_text(json.dumps({"host": os.uname().nodename, "pid": 2**22 - 1, "seen": 2e9}))
    with locked(folder):
        assert os.getpid() == json.loads(folder.read("lock.json"))["pid"]
    assert not folder.exists("lock.json")


@pytest.mark.parametrize("form", ["csv", "raven", "audacity", "desed", "jsonl", "events"])
def test_exports_have_all_events(tmp_path: Path, form: str) -> None:
    """In each format, one for one."""
    folder = destination(tmp_path / "out")
    write_shard(folder, "1.parquet", rows(folder, 0, 1))
    write_shard(folder, "2.parquet", rows(folder, 2, 3))
    path = tmp_path / "events"
    assert 4 == export_table(folder, form, path)
    if form == "events":
        assert ["a", "b", "c", "d"] == Folder(str(tmp_path)).read_table("events")["path"].to_pylist()
    else:
        assert 4 == path.read_text().count("dog")
    assert np.array_equal(["events", "out"], sorted(os.listdir(tmp_path)))
