from pathlib import Path

import pytest

from sed.data.labels import Segment, audio_in, read_strong_table
from sed.errors import DataError
from tests.sed.cuts import write_table

HEADER = "filename onset offset event_label"


def test_segments_come_by_file_in_order(tmp_path: Path) -> None:
    """A file may have several labels; a row without any names a file without events."""
    table = write_table(tmp_path / "a.tsv", HEADER, "a.wav 2 3.5 dog", "b.wav   ", "a.wav 0.5 1 cat", "c.wav 0 1 rain")
    found = {
        "a.wav": [Segment(0.5, 1.0, "cat"), Segment(2.0, 3.5, "dog")],
        "b.wav": [],
        "c.wav": [Segment(0.0, 1.0, "rain")],
    }
    assert found == read_strong_table(table)


def test_the_truth_of_one_file_needs_no_name(tmp_path: Path) -> None:
    """A table beside a recording has no column for it."""
    table = write_table(tmp_path / "x.tsv", "onset offset event_label", "1 2 dog")
    assert {"": [Segment(1.0, 2.0, "dog")]} == read_strong_table(table, key="")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a.wav 2 1 dog", r"a\.wav: 0 <= onset < offset must hold, got 2\.0, 1\.0"),
        ("a.wav -1 1 dog", "0 <= onset < offset must hold"),
        ("a.wav nan 1 dog", "0 <= onset < offset must hold"),
        ("a.wav 0 inf dog", "0 <= onset < offset must hold"),
        ("a.wav soon 1 dog", r"a\.wav: onset and offset must be seconds"),
        ("a.wav  1 dog", "must be seconds"),
        ("a.wav 0 1 ", r"a\.wav: the event at 0\.0 s has no event_label"),
    ],
)
def test_a_wrong_row_is_explained(tmp_path: Path, row: str, message: str) -> None:
    """The error names the table, the file and what came."""
    with pytest.raises(DataError, match=message):
        read_strong_table(write_table(tmp_path / "a.tsv", HEADER, row))


def test_audio_is_recognised_by_its_suffix(tmp_path: Path) -> None:
    """In upper case too, at any depth on request; hidden files are not recordings."""
    for name in ("b.WAV", "a.mp3", "._a.mp3", "notes.txt", "sub/c.m4a"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert ["a.mp3", "b.WAV"] == [path.name for path in audio_in(tmp_path)]
    assert ["a.mp3", "b.WAV", "c.m4a"] == [path.name for path in audio_in(tmp_path, "**/*")]
