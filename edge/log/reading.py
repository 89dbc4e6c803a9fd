"""Reads the records of a log back: those of the files that rotation put aside, then those of the file itself."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

from edge.errors import SettingError
from edge.log.formats import JsonLines
from edge.log.line_file import rotated_files
from edge.log.records import Record

_log = logging.getLogger(__name__)


def read_log(path: Path) -> Iterator[Record]:
    """The records of a JSON Lines log, in the order in which they were written.

    A line that is no record, as a crash may leave one, is left out with a warning.

    Args:
        path: as `--out` was given it; the file may be missing where rotated ones are there.

    Raises:
        OSError: if a file cannot be read, or there is none.
        SettingError: if a file holds something else.
    """
    rotated = rotated_files(path, JsonLines.suffix) if path.parent.is_dir() else []
    for each in [*rotated, path]:
        if each != path or path.exists() or not rotated:
            yield from _records(each)


def _records(path: Path) -> Iterator[Record]:
    unreadable = 0
    with path.open("rb") as file:
        for number, line in enumerate(file):
            record = _record(line)
            if record is not None:
                yield record
            elif number == 0:
                raise SettingError(
                    f"{path}: is no log of sed-stream; expected JSON Lines, as --out events.jsonl writes"
                )
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
