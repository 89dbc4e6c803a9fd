"""Events in files without a header: label tracks of Audacity, and the log as JSON Lines."""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from sed.data.tables import decimal_point
from sed.errors import DataError

_NO_EVENT = re.compile(r"\[(gap .*|lost \d+ lines)\]( \(.*\))?")


class Found(NamedTuple):
    """What a file says.

    Attributes:
        events: the line of each, the name of its file or "", onset and offset as text, label.
        heard: names of files that were listened to.
        predicted: whether there are confidences.
    """

    events: list[tuple[int, str, str, str, str]]
    heard: set[str]
    predicted: bool


def track_events(path: Path, text: str) -> Found | None:
    """The labels of a track; None if the text is none.

    Lines that begin with a backslash hold the frequencies of the label before and are left out, as are the gaps and the
    lost lines of our own log. BirdNET adds a confidence, and writes a scientific and a common name: the latter counts.

    Raises:
        DataError: if a line is wrong.
    """
    lines = [(number, line.split("\t")) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    labels = [(number, fields) for number, fields in lines if not fields[0].startswith("\\")]
    if not labels or not _is_track(labels[0][1]):
        return None
    events, predicted = [], False
    for number, fields in labels:
        if not 2 <= len(fields) <= 4 or not all(map(_is_number, fields[:2])):
            found = "\t".join(fields)[:80]
            raise DataError(f"{path}: line {number}: onset, offset and label between tabs expected, got {found!r}")
        label = fields[2].strip() if len(fields) > 2 else ""
        if len(fields) == 4 and fields[3].strip():
            predicted, label = True, label.partition(", ")[2] or label
        if _NO_EVENT.fullmatch(label) or label.lower() == "nocall":
            continue
        onset, offset = (decimal_point(time, "\t") for time in fields[:2])
        events.append((number, "", onset, offset, label))
    return Found(events, set(), predicted)


def _is_track(fields: list[str]) -> bool:
    return 2 <= len(fields) <= 4 and all(map(_is_number, fields[:2]))


def _is_number(text: str) -> bool:
    try:
        float(decimal_point(text, "\t"))
    except ValueError:
        return False
    return True


def json_events(path: Path, text: str) -> Found | None:
    """The events of our own log as JSON Lines; None if the text is no such log.

    Raises:
        DataError: if a line is wrong.
    """
    if not text.lstrip().startswith("{"):
        return None
    events, heard = [], set()
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        record = _record(line)
        if record is None:
            if number == 1:
                return None
            raise DataError(f"{path}: line {number}: is no record of the log, which has type and source; remove it")
        heard.add(record["source"])
        if record["type"] == "event":
            label = record.get("label")
            times = [repr(record.get(name)) for name in ("onset", "offset")]
            events.append((number, record["source"], *times, label if isinstance(label, str) else ""))
    return Found([(number, name, begin, end, label) for number, name, begin, end, label in events], heard, bool(events))


def _record(line: str) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    texts = isinstance(record, dict) and all(isinstance(record.get(name), str) for name in ("type", "source"))
    return record if texts else None
