"""The columns of the table: one row for every file.

| column | what it says |
|---|---|
| number, path, size, modified, source | which file; `number` counts from 0 through the manifest |
| status, error | `ok`, or `failed` and why; events up to there are kept |
| seconds, gap_seconds, gaps | sound that was processed, and where some was lost: onset, offset, reason |
| started_at, started_at_from, started_at_zone, doubt | when the sound began, if known, and where that was written |
| events | label, onset, offset, onset_utc, offset_utc, confidence, closed_by: as in the event log |
| parts | that it was split into; 1 for a file that one worker took whole |
| model, settings | the model's name, and the hash of model and settings |
| took_seconds | of one worker's time |
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from edge.log import Record
from edge.sources import Start

Row = dict[str, Any]
COLUMNS = ("number", "path", "size", "modified", "source")


def schema() -> Any:
    """The schema of the table, for pyarrow."""
    import pyarrow as pa

    moment = pa.timestamp("ms", "UTC")
    gap = pa.struct([("onset", pa.float64()), ("offset", pa.float64()), ("reason", pa.string())])
    event = pa.struct(
        [
            ("label", pa.string()),
            ("onset", pa.float64()),
            ("offset", pa.float64()),
            ("onset_utc", moment),
            ("offset_utc", moment),
            ("confidence", pa.float64()),
            ("closed_by", pa.string()),
        ]
    )
    return pa.schema(
        [
            *(("number", pa.int64()), ("path", pa.string()), ("size", pa.int64()), ("modified", pa.string())),
            *(("source", pa.string()), ("status", pa.string()), ("error", pa.string())),
            *(("seconds", pa.float64()), ("gap_seconds", pa.float64()), ("gaps", pa.list_(gap))),
            *(("started_at", moment), ("started_at_from", pa.string()), ("started_at_zone", pa.string())),
            *(("doubt", pa.string()), ("events", pa.list_(event)), ("parts", pa.int32())),
            *(("model", pa.string()), ("settings", pa.string()), ("took_seconds", pa.float64())),
        ]
    )


def manifest_schema() -> Any:
    """The schema of the manifest."""
    import pyarrow as pa

    return pa.schema(
        [
            *(("number", pa.int64()), ("path", pa.string()), ("size", pa.int64()), ("modified", pa.string())),
            *(("started_at", pa.timestamp("us", "UTC")), ("source", pa.string())),
        ]
    )


def make_row(
    file: Row,
    records: Sequence[Record],
    *,
    error: str | None = None,
    start: Start | None = None,
    doubt: str = "",
    parts: int = 1,
    took_seconds: float = 0.0,
) -> Row:
    """The row of a file.

    Args:
        file: its row of the manifest.
        records: its event log, as far as there is one.
        error: why it is not complete.
        start: when it began.
        doubt: about that.
        parts: that it was split into.
        took_seconds: of a worker's time.
    """
    stats = next((record for record in reversed(records) if record["type"] == "stats"), {})
    return {name: file[name] for name in COLUMNS} | {
        "status": "ok" if error is None else "failed",
        "error": error or "",
        "seconds": stats.get("audio_seconds", 0.0),
        "gap_seconds": stats.get("gap_seconds", 0.0),
        "gaps": [_picked(record, "onset", "offset", "reason") for record in records if record["type"] == "gap"],
        "started_at": None if start is None else start.at,
        "started_at_from": "" if start is None else start.place,
        "started_at_zone": "" if start is None else start.zone,
        "doubt": doubt,
        "events": [_event(record) for record in records if record["type"] == "event"],
        "parts": parts,
        "took_seconds": round(took_seconds, 4),
    }


def _event(record: Record) -> Row:
    picked = _picked(record, "label", "onset", "offset", "confidence", "closed_by")
    for name in ("onset_utc", "offset_utc"):
        picked[name] = datetime.fromisoformat(record[name]) if name in record else None
    return picked


def _picked(record: Record, *names: str) -> Row:
    return {name: record[name] for name in names}
