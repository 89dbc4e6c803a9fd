"""Manifests: tables of files, as CSV or Parquet, read piece by piece.

| column      | what it says                                                                                   |
|-------------|------------------------------------------------------------------------------------------------|
| path        | a path or URL; one that is relative begins where the manifest lies                              |
| started_at  | when its sound began: ISO 8601, or a timestamp; may be missing or empty                         |
| source      | which recorder it is of; may be missing or empty                                                |
| size        | bytes; may be missing or empty: of a file on a disk it is looked up                             |
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from edge.errors import SettingError
from edge.sources import LAST_YEAR
from edge.sources.recorders import Zone
from scan.archive.storage import filesystem, os_errors

MANIFEST_SUFFIXES = (".parquet", ".csv")
_COLUMNS = ("path", "started_at", "source", "size")


def manifest_rows(text: str, zone: Zone) -> Iterator[dict[str, Any]]:
    """The rows of a manifest, with the fields of an `ArchiveFile` that it has.

    Raises:
        SettingError: if it is no such table, or a row makes no sense, naming it.
    """
    import pyarrow

    folder = text.rpartition("/")[0]
    number = 0
    try:
        for batch in _batches(text):
            if "path" not in batch.schema.names:
                raise SettingError(
                    f"{text}: has no column path, but {', '.join(batch.schema.names)}; expected {', '.join(_COLUMNS)}"
                )
            kept = batch.select([name for name in _COLUMNS if name in batch.schema.names])
            for row in kept.to_pylist():
                number += 1
                yield _row(row, folder, zone, f"{text}: row {number}")
    except pyarrow.ArrowInvalid as exc:
        raise SettingError(
            f"{text}: is no table of files ({str(exc).partition(chr(10))[0]}); expected CSV or Parquet"
        ) from exc


def _batches(text: str) -> Iterator[Any]:
    import pyarrow
    import pyarrow.csv
    import pyarrow.parquet

    fs, path = filesystem(text)
    with os_errors(text):
        opened = fs.open(path, "rb")
    with opened as file:
        if PurePosixPath(path).suffix.lower() == ".parquet":
            yield from pyarrow.parquet.ParquetFile(file).iter_batches(10_000)
            return
        types = dict.fromkeys(("path", "started_at", "source"), pyarrow.string()) | {"size": pyarrow.int64()}
        yield from pyarrow.csv.open_csv(file, convert_options=pyarrow.csv.ConvertOptions(column_types=types))


def _row(row: dict[str, Any], folder: str, zone: Zone, place: str) -> dict[str, Any]:
    path = row["path"]
    if not isinstance(path, str) or not path.strip():
        raise SettingError(f"{place}: has no path")
    if "://" not in path and not path.startswith("/") and folder:
        path = f"{folder}/{path}"
    return {
        "path": path,
        "size": row.get("size"),
        "source": row.get("source") or "",
        "started_at": _moment(row.get("started_at"), zone, place),
    }


def _moment(written: Any, zone: Zone, place: str) -> datetime | None:
    if written is None or written == "":
        return None
    try:
        moment = zone.utc(written if isinstance(written, datetime) else datetime.fromisoformat(str(written)))
    except (ValueError, OverflowError):
        moment = datetime.max.replace(tzinfo=UTC)
    if moment.year > LAST_YEAR:
        raise SettingError(f"{place}: started_at is {written}, expected ISO 8601 such as 2026-05-01T04:30:00Z")
    return moment
