"""Reads the records of a log back: those of the files that rotation put aside, then those of the file itself."""

import json
import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from edge.errors import SettingError
from edge.log.formats import JsonLines
from edge.log.line_file import rotated_files
from edge.log.records import Record

_log = logging.getLogger(__name__)


def read_log(path: Path) -> Iterator[Record]:
    """The records that a JSON Lines log has now, in the order in which they were written.

    They are read when they are asked for; what is written or rotated until then changes nothing. A line that is no
    record, as a crash may leave one, is left out with a warning.

    Args:
        path: as `--out` was given it; the file may be missing where rotated ones are there.

    Raises:
        OSError: if a file cannot be read, or there is none.
        SettingError: if a file holds something else.
    """
    paths = [*(rotated_files(path, JsonLines.suffix) if path.parent.is_dir() else []), path]
    if len(paths) > 1 and not path.exists():
        paths.pop()
    newest = paths[-1].open("rb")  # it may have another name when it is read
    return _records(paths, newest, paths[-1].stat().st_size)


def _records(paths: list[Path], newest: BinaryIO, size: int) -> Iterator[Record]:
    """The records of several files, of which the last is open and so many bytes long."""
    with newest:
        for path in paths[:-1]:
            with path.open("rb") as file:
                yield from _records_of(path, file)
        yield from _records_of(paths[-1], _lines(newest, size))


def _lines(file: BinaryIO, size: int) -> Iterator[bytes]:
    """The lines within the first `size` bytes."""
    while line := file.readline(max(0, size)):
        size -= len(line)
        yield line


def _records_of(path: Path, lines: Iterable[bytes]) -> Iterator[Record]:
    unreadable = 0
    for number, line in enumerate(lines):
        record = _record(line)
        if record is not None:
            yield record
        elif number == 0:
            raise SettingError(f"{path}: is no log of sed-stream; expected JSON Lines, as of --out events.jsonl")
        else:
            unreadable += 1
    if unreadable:
        _log.warning("%s: %d lines could not be read and are left out", path, unreadable)


def _record(line: bytes) -> Record | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    is_record = isinstance(record, dict) and isinstance(record.get("type"), str) and "source" in record
    return record if is_record else None
