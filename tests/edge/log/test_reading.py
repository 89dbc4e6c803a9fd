import json
from pathlib import Path

import pytest

from edge.log.reading import read_log


def write(path: Path, *numbers: int) -> None:
    """A file of records with these numbers."""
    path.write_text("".join(json.dumps({"type": "event", "source": "a", "id": n}) + "\n" for n in numbers))


def test_rotated_files_come_first_in_order_of_time(tmp_path: Path) -> None:
    """Those of other logs are left alone."""
    write(tmp_path / "events.jsonl", 5)
    write(tmp_path / "events.20260502T000000.000000Z.jsonl", 3, 4)
    write(tmp_path / "events.20260501T000000.000000Z.jsonl", 1, 2)
    write(tmp_path / "more-events.20260501T000000.000000Z.jsonl", 6)
    assert [1, 2, 3, 4, 5] == [record["id"] for record in read_log(tmp_path / "events.jsonl")]
    (tmp_path / "events.jsonl").unlink()
    assert [1, 2, 3, 4] == [record["id"] for record in read_log(tmp_path / "events.jsonl")]


def test_what_a_crash_left_is_no_record(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Half a line, zeros, and JSON that is something else are left out and counted."""
    write(tmp_path / "events.jsonl", 1)
    with (tmp_path / "events.jsonl").open("ab") as file:
        file.write(b'\0\0\0\n[1]\n{"type": "ev')
    assert [1] == [record["id"] for record in read_log(tmp_path / "events.jsonl")]
    assert "3 lines could not be read" in caplog.text
