"""Tables of labels: CSV and TSV files with a header, as spreadsheets and data sets write them."""

import csv
from collections.abc import Sequence
from pathlib import Path

from sed.errors import DataError


def read_table(path: Path, delimiter: str, columns: Sequence[str]) -> list[dict[str, str]]:
    """Read a table with a header.

    Returns:
        Its rows, by column; columns other than `columns` may have no value.

    Raises:
        DataError: if it cannot be read, or one of `columns` is missing.
    """
    header, rows = _read(path, delimiter)
    missing = [column for column in columns if column not in header]
    if missing:
        raise DataError(f"{path}: has no column {', '.join(missing)}; its header must name {', '.join(columns)}")
    for number, row in enumerate(rows, start=2):
        if any(row[column] is None for column in columns):
            raise DataError(f"{path}: line {number} is too short; expected {', '.join(columns)}")
    return rows


def read_header(path: Path, delimiter: str) -> tuple[str, ...]:
    """The columns that a table names; empty if there is no such file.

    Raises:
        DataError: if it cannot be read.
    """
    return _read(path, delimiter, header_only=True)[0] if path.exists() else ()


def _read(path: Path, delimiter: str, header_only: bool = False) -> tuple[tuple[str, ...], list[dict[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, delimiter=delimiter)
            header = tuple(reader.fieldnames or ())
            return header, [] if header_only else list(reader)
    except (UnicodeDecodeError, csv.Error) as exc:
        raise DataError(f"{path}: is not a table in UTF-8 ({exc}); save it as UTF-8 text") from exc
    except OSError as exc:
        raise DataError(f"{path}: cannot be read ({exc.strerror}); give a table with a header") from exc
