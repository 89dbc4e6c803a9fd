"""The entries kept beside the scores of a run, and their checks: a file may be damaged, or from another program.

See `edge.log.scores.sink` for the entries and `edge.log.records` for the records among them.
"""

import json
from datetime import datetime
from typing import Any

from edge.model import Card
from edge.sources import LAST_YEAR

Entry = dict[str, Any]

_TEXT, _NUMBER, _WHOLE = (str,), (int, float), (int,)
# The fields that are read of records which do not depend on thresholds; there may be more.
_RECORDS: dict[str, dict[str, tuple[type, ...]]] = {
    "start": {},
    "gap": {"onset": _NUMBER, "offset": _NUMBER, "reason": _TEXT},
    "source": {"state": _TEXT, "detail": _TEXT},
    "stats": {"audio_seconds": _NUMBER},
    "model": {"model": _TEXT},
    "stop": {"reason": _TEXT},
}
_TIMES_OF_DAY = ("started_at", "at_utc", "onset_utc", "offset_utc")
_MOST_SECONDS = 1e10  # some centuries


def check_entries(entries: Any, card: Card) -> int:
    """Check that entries are what a run writes.

    Returns:
        The number of frames that they have scores for.

    Raises:
        Exception: a ValueError, TypeError, LookupError or AttributeError, if they are not.
    """
    json.dumps(entries, ensure_ascii=False, allow_nan=False).encode()  # no NaN, and text that UTF-8 can encode
    frames = 0
    for entry in entries:
        if "record" in entry:
            _check_record(entry["record"])
        elif "missing" in entry:
            for span in entry["missing"].values():
                _check_frames(card, *span)
        elif "begin" not in entry:
            _check_decoded(entry, card)
            frames += sum(entry["pushes"])
    return frames


def _check_record(record: Any) -> None:
    _check_types(record, {"type": _TEXT, "source": _TEXT} | _RECORDS[record["type"]])
    _check_types(record, {name: _TEXT for name in _TIMES_OF_DAY if name in record})


def _check_decoded(entry: Any, card: Card) -> None:
    _check_types(entry, {"source": _TEXT, "heard_samples": _WHOLE, "first_frame": _WHOLE, "pushes": (list,)})
    _check_types(entry, {name: _TEXT for name in ("closed_by", "began_at") if entry[name] is not None})
    if entry["began_at"] is not None and datetime.fromisoformat(entry["began_at"]).year > LAST_YEAR:
        raise ValueError(f"began at {entry['began_at']}")
    first, heard_frames = entry["first_frame"], entry["heard_samples"] // card.frame_samples
    _check_frames(card, first, first + sum(entry["pushes"]), heard_frames, *entry["pushes"])


def _check_types(fields: Any, types: dict[str, tuple[type, ...]]) -> None:
    for name, allowed in types.items():
        if not isinstance(fields[name], allowed):
            raise TypeError(f"{name} is {fields[name]!r}")


def _check_frames(card: Card, *frames: Any) -> None:
    for frame in frames:
        if not isinstance(frame, int) or not 0 <= frame <= _MOST_SECONDS / card.frame_seconds:
            raise ValueError(f"{frame!r} frames")
