"""The table in formats that other programs read, written as it is read: one shard in memory at a time.

`csv`, `raven`, `audacity`, `desed` and `jsonl` are those of `sed-stream --out`; `events` is one flat table of
Parquet, with a row for every event and the columns of its file beside it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edge.log import Record, format_of, rfc3339
from scan.archive import Folder
from scan.table.destination import required_description
from scan.table.schema import Row
from scan.table.shards import read_shards

FORMATS = ("csv", "raven", "audacity", "desed", "jsonl", "events")


def export_table(folder: Folder, form: str, path: Path, sample_rate: int = 16_000) -> int:
    """Write all events, and gaps where the format has a place for them.

    Args:
        folder: the destination.
        form: one of `FORMATS`.
        path: to write; replaced as a whole.
        sample_rate: of the model, which Raven's table needs.

    Returns:
        Number of events.

    Raises:
        ScanError: if the folder is no destination.
        OSError: if it cannot be written.
    """
    required_description(folder)
    part = path.with_name(path.name + ".part")
    try:
        count = _write_events(folder, part) if form == "events" else _write_lines(folder, form, part, sample_rate)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return count


def _write_lines(folder: Folder, name: str, path: Path, sample_rate: int) -> int:
    _, form = format_of(f"{name}:{path}", sample_rate=sample_rate, several=True)
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(form.header())
        for row in _rows(folder):
            for record in row_records(row, count):
                file.write(form.line(record))
                count += record["type"] == "event"
    return count


def row_records(row: Row, events_before: int = 0) -> Iterator[Record]:
    """The events and gaps of a row as records of the event log, in order of time."""
    records: list[Record] = [{"type": "gap", "source": row["path"], **gap} for gap in row["gaps"]]
    for event in row["events"]:
        times = {name: rfc3339(event[name]) for name in ("onset_utc", "offset_utc") if event[name] is not None}
        records.append({"type": "event", "source": row["path"], **event} | times)
    number = events_before
    for record in sorted(records, key=lambda each: (each["onset"], each["offset"])):
        if record["type"] == "event":
            number += 1
            record["id"] = number
        yield {key: value for key, value in record.items() if value is not None}


def _write_events(folder: Folder, path: Path) -> int:
    import pyarrow as pa
    import pyarrow.compute
    import pyarrow.parquet

    count, writer = 0, None
    columns = ["number", "path", "source", "started_at", "model", "events"]
    try:
        for _, table in read_shards(folder, columns):
            table = table.combine_chunks()
            parents = pyarrow.compute.list_parent_indices(table["events"])
            events = pyarrow.compute.list_flatten(table["events"]).combine_chunks()
            flat = table.drop_columns(["events"]).take(parents)
            for index, field in enumerate(table.schema.field("events").type.value_type):
                values = events.chunk(0) if isinstance(events, pa.ChunkedArray) and events.num_chunks else events
                flat = flat.append_column(field.name, pyarrow.compute.struct_field(values, index))
            writer = writer or pyarrow.parquet.ParquetWriter(path, flat.schema, compression="zstd")
            writer.write_table(flat)
            count += flat.num_rows
    finally:
        if writer is not None:
            writer.close()
    if writer is None:
        path.touch()
    return count


def _rows(folder: Folder) -> Iterator[Row]:
    columns = ["number", "path", "events", "gaps"]
    for _, table in read_shards(folder, columns):
        for batch in _batches(table):
            yield from batch


def _batches(table: Any) -> Iterator[list[Row]]:
    for batch in table.to_batches(max_chunksize=1000):
        yield batch.to_pylist()
