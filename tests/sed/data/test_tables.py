from pathlib import Path

import pytest

from sed.data.tables import read_header, read_table
from sed.errors import DataError


def test_rows_come_by_column(tmp_path: Path) -> None:
    """With or without a spreadsheet's byte order mark; a comma within quotes parts nothing."""
    for encoding in ("utf-8", "utf-8-sig"):
        (tmp_path / "a.csv").write_text('name,more\nKäuzchen,"a, b"\n', encoding=encoding)
        assert [{"name": "Käuzchen", "more": "a, b"}] == read_table(tmp_path / "a.csv", ",", ["name"])
        assert ("name", "more") == read_header(tmp_path / "a.csv", ",")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_header_tells_what_parts_the_columns(tmp_path: Path, encoding: str, separator: str) -> None:
    """Spreadsheets choose it by country, and the encoding too; lines may end in CR LF."""
    text = f"filename{separator}fold\r\nKäuz.wav{separator}1\r\n"
    (tmp_path / "a.csv").write_bytes(text.encode(encoding))
    assert [{"filename": "Käuz.wav", "fold": "1"}] == read_table(tmp_path / "a.csv", ",", ["filename", "fold"])


def test_a_table_that_is_not_there_has_no_header(tmp_path: Path) -> None:
    """Layouts are told by headers, so a missing table is an answer and no error."""
    assert () == read_header(tmp_path / "none.csv", ",")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"file,fold\n", r"a\.csv: has no column filename; its header must name filename, fold"),
        (b"", "has no column filename, fold"),
        (b"filename,fold\nx.wav\n", "line 2 is too short; expected filename, fold"),
        (b"filename,fold\nK\xe4uz.wav,1\n", "is not a table in UTF-8"),
    ],
)
def test_a_wrong_table_is_explained(tmp_path: Path, content: bytes, message: str) -> None:
    """The error names the file and what is wrong with it."""
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_table(tmp_path / "a.csv", ",", ["filename", "fold"])


def test_a_missing_table_is_explained(tmp_path: Path) -> None:
    """Where it must be there."""
    with pytest.raises(DataError, match=r"none\.csv: cannot be read \(No such file or directory\)"):
        read_table(tmp_path / "none.csv", ",", ["filename"])
