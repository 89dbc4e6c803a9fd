"""Units of work, in this process."""

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from edge.cli.replay import replay
from edge.cli.stream import stream
from edge.model import Model, shipped_model, window_of
from edge.sources import Zone
from scan.archive import Folder, archive_files
from scan.cluster import Scanner, ScanSettings
from scan.cluster.units import join_unit, part_units, plan_from_json, plan_units
from scan.table import MODEL, Manifest, Row, read_shards
from scan.table.exporting import row_records
from sed.cli.tune import tune
from tests.conftest import invoke

BASE = ScanSettings(
    destination="",
    run="run",
    model_hash=hashlib.sha256(shipped_model().read_bytes()).hexdigest(),
    model_id="model",
    window=window_of(Model(shipped_model()).card),
    decoding=Model(shipped_model()).card.decoding,
    labels=None,
    channel="mix",
    started_at="auto",
    timezone=None,
    part_seconds=10.0,
    time_limit_seconds=60.0,
    keep_scores=False,
    provider="cpu",
)


def prepared(tmp_path: Path, **changes: object) -> tuple[Scanner, Folder, list[Row]]:
    """A scanner of the files in `tmp_path / "in"`, its destination, and its manifest."""
    settings = BASE._replace(destination=str(tmp_path / "out"), **changes)
    folder = Folder(settings.destination)
    folder.write(MODEL, shipped_model().read_bytes())
    Manifest(folder).add(archive_files([str(tmp_path / "in")], Zone()))
    return Scanner(settings), folder, next(Manifest(folder).waves())


def table(folder: Folder) -> list[Row]:
    """All rows, by number."""
    rows = [row for _, shard in read_shards(folder) for row in shard.to_pylist()]
    return sorted(rows, key=lambda row: row["number"])


def in_parts(scanner: Scanner, row: Row) -> dict[str, object]:
    """Do a long file; the receipt of its end."""
    plan = plan_from_json(scanner.do(next(plan_units([row])) | {"unit": 0})["plans"][str(row["number"])])
    for number, unit in enumerate(part_units(row, plan, ())):
        scanner.do(unit | {"unit": number + 1})
    return scanner.do(join_unit(row, plan) | {"unit": 99})


def logged(path: Path, *options: object) -> list[dict[str, object]]:
    """Events and gaps of `sed-stream`, without their numbers."""
    done = invoke(stream, path, "--provider", "cpu", "--format", "jsonl", *options)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    return [_bare(record) for record in records if record["type"] in ("event", "gap")]


def _bare(record: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in record.items() if key != "id"}


@pytest.fixture
def archive(tmp_path: Path, demo_audio: NDArray[np.float32]) -> Path:
    """A recording with a time in its name, a damaged one, and what is none."""
    folder = tmp_path / "in"
    folder.mkdir()
    soundfile.write(folder / "20230501_043000.wav", demo_audio[: 16000 * 40], 16000)
    soundfile.write(folder / "damaged.flac", demo_audio[: 16000 * 30], 16000)
    content = bytearray((folder / "damaged.flac").read_bytes())
    content[len(content) // 2 : len(content) // 2 + 20_000] = bytes(20_000)
    (folder / "damaged.flac").write_bytes(content)
    (folder / "empty.wav").touch()
    (folder / "nothing.mp3").write_bytes(b"nothing")
    return folder


@pytest.mark.usefixtures("archive")
def test_rows_are_the_log(tmp_path: Path) -> None:
    """Whole or in parts, damaged or not: a row has the events and gaps of `sed-stream`; what is broken has one too."""
    scanner, folder, files = prepared(tmp_path)
    assert 4 == len(files)
    scanner.do({"kind": "files", "files": files[1:], "unit": 0})
    in_parts(scanner, files[0])
    rows = table(folder)
    assert ["ok", "ok", "failed", "failed"] == [row["status"] for row in rows]
    assert [4, 1] == [rows[0]["parts"], rows[1]["parts"]]
    assert "is empty; give a file with sound in it" == rows[2]["error"]
    for row, options in zip(rows, (("--started-at", "name"), ()), strict=False):
        assert logged(Path(row["path"]), *options) == [_bare(record) for record in row_records(row)]
    assert rows[1]["gaps"]
    assert [] == folder.names("parts")


@pytest.mark.usefixtures("archive")
def test_damaged_parts_have_the_whole_processed(tmp_path: Path) -> None:
    """The worker that joins them says so, and writes no row."""
    scanner, folder, files = prepared(tmp_path)
    assert {"whole": [1]} == in_parts(scanner, files[1])
    assert [] == table(folder)


@pytest.mark.usefixtures("archive")
def test_a_file_that_kills_is_left_out(tmp_path: Path) -> None:
    """With a row that says why."""
    scanner, folder, files = prepared(tmp_path)
    scanner.do({"kind": "files", "files": files[:1], "unit": 0}, frozenset([0]))
    assert ["the process that worked on it died, twice"] == [row["error"] for row in table(folder)]


@pytest.mark.usefixtures("archive")
def test_time_limit_costs_one_row(tmp_path: Path) -> None:
    """A file that takes longer has a row with an error; the next one is processed."""
    scanner, folder, files = prepared(tmp_path, time_limit_seconds=0.001)
    scanner.do({"kind": "files", "files": files[:2], "unit": 0})
    assert {"takes longer than --time-limit 0.001 seconds"} == {row["error"] for row in table(folder)}


@pytest.mark.usefixtures("archive")
def test_kept_scores_are_replayed(tmp_path: Path) -> None:
    """`sed-replay` and `sed-tune --quiet` find the same events, of files that were whole and of those in parts."""
    scanner, folder, files = prepared(tmp_path, keep_scores=True, started_at="none")
    in_parts(scanner, files[0])
    scanner.do({"kind": "files", "files": files[1:], "unit": 100})
    scores = tmp_path / "out" / "scores" / "scores.parquet"
    done = invoke(replay, scores, "--format", "jsonl")
    expected = sum(len(row["events"]) for row in table(folder))
    assert (0, expected) == (done.exit_code, done.stdout.count('"type": "event"'))
    tuned = invoke(tune, shipped_model(), "--quiet", scores, "--out", tmp_path / "quiet.toml")
    labels = Model(shipped_model()).card.labels
    alarms = [line.split()[1] for line in tuned.output.splitlines() if line.startswith(labels)]
    assert (0, expected) == (tuned.exit_code, sum(map(int, alarms)))


def test_a_file_that_hangs_costs_one_row(tmp_path: Path) -> None:
    """A pipe into which nobody writes is waited for as long as the limit says."""
    (tmp_path / "in").mkdir()
    os.mkfifo(tmp_path / "in" / "pipe")
    (tmp_path / "in" / "m.csv").write_text("path\npipe\n")
    settings = BASE._replace(destination=str(tmp_path / "out"), time_limit_seconds=0.2)
    folder = Folder(settings.destination)
    folder.write(MODEL, shipped_model().read_bytes())
    Manifest(folder).add(archive_files([str(tmp_path / "in" / "m.csv")], Zone()))
    Scanner(settings).do({"kind": "files", "files": next(Manifest(folder).waves()), "unit": 0})
    os.close(os.open(tmp_path / "in" / "pipe", os.O_WRONLY))  # lets the thread end that still waits
    assert ["takes longer than --time-limit 0.2 seconds"] == [row["error"] for row in table(folder)]
