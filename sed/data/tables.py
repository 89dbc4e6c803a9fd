"""Tables of labels: CSV and TSV files with a header, as spreadsheets and data sets write them.

A table is UTF-8 text, or UTF-16 with a byte order mark, as spreadsheets save it; what parts its columns is taken from
its header, whatever the suffix of its name. Where that is no comma, a number may have a decimal comma.
"""

import codecs
import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from sed.errors import DataError

_MOST_BYTES = 256 << 20  # a table is held in memory
_SEPARATORS = "\t;,"


class Line(NamedTuple):
    """A row of a table: its number in the file, from 1, and its fields as they stand there."""

    number: int
    fields: list[str]


def read_text(path: Path) -> str:
    """Read a table as text, without a byte order mark.

    Raises:
        DataError: if it cannot be read, is too large, or is no text.
    """
    try:
        size = path.stat().st_size
        if size > _MOST_BYTES:
            raise DataError(
                f"{path}: has {size:,} bytes, which is no table of labels; at most {_MOST_BYTES:,} are read"
            )
        data = path.read_bytes()
    except OSError as exc:
        raise DataError(f"{path}: cannot be read ({exc.strerror}); give a table with a header") from exc
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as exc:
        raise DataError(f"{path}: is not a table in UTF-8 ({exc}); save it as UTF-8 text") from exc
    if "\0" in text:
        raise DataError(f"{path}: is not a table in UTF-8 (it holds zero bytes); save it as UTF-8 text")
    return text


def read_lines(path: Path, text: str, delimiter: str) -> list[Line]:
    """Part the text of a table into rows; empty ones are left out.

    Raises:
        DataError: if quotes are wrong, or a field is too long.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    lines: list[Line] = []
    try:
        while (fields := next(reader, None)) is not None:
            if fields:
                lines.append(Line(reader.line_num, fields))
    except csv.Error as exc:
        raise DataError(f"{path}: line {reader.line_num}: is no row of a table ({exc}); correct it") from exc
    return lines


def separator_of(header: str, usual: str) -> str:
    """What parts the columns of a table with this first line: what is most often in it, and the usual one if none is.

    >>> separator_of("filename;onset;offset", ",")
    ';'
    """
    count = {separator: header.count(separator) for separator in (usual, *_SEPARATORS)}
    return max(count, key=lambda separator: count[separator])


def decimal_point(number: str, delimiter: str) -> str:
    """The number with a point where a table, whose columns no comma parts, has a decimal comma.

    >>> decimal_point("1,25", ";"), decimal_point("1,250", ",")
    ('1.25', '1,250')
    """
    return number.replace(",", ".") if delimiter != "," and re.fullmatch(r"\s*-?\d+,\d+\s*", number) else number


def read_table(path: Path, delimiter: str, columns: Sequence[str]) -> list[dict[str, str]]:
    """Read a table with a header.

    Args:
        path: of the table.
        delimiter: that usually parts its columns.
        columns: that it must have.

    Returns:
        Its rows, by column; columns other than `columns` may have no value.

    Raises:
        DataError: if it cannot be read, or one of `columns` is missing.
    """
    header, lines = _read(path, delimiter)
    missing = [column for column in columns if column not in header]
    if missing:
        raise DataError(f"{path}: has no column {', '.join(missing)}; its header must name {', '.join(columns)}")
    rows = []
    for number, fields in lines:
        row = dict(zip(header, fields, strict=False))
        if any(column not in row for column in columns):
            raise DataError(f"{path}: line {number} is too short; expected {', '.join(columns)}")
        rows.append(row)
    return rows


def read_header(path: Path, delimiter: str) -> tuple[str, ...]:
    """The columns that a table names; empty if there is no such file.

    Args:
        path: of the table.
        delimiter: that usually parts its columns.

    Raises:
        DataError: if it cannot be read.
    """
    return _read(path, delimiter)[0] if path.exists() else ()


def _read(path: Path, delimiter: str) -> tuple[tuple[str, ...], list[Line]]:
    text = read_text(path)
    lines = read_lines(path, text, separator_of(text.lstrip("\r\n").partition("\n")[0], delimiter))
    return (tuple(lines[0].fields), lines[1:]) if lines else ((), [])
