"""The shards of the table: Parquet files of some rows each.

Each is written whole by one worker, and never changed but as a whole. Where a worker died after it had written, its
rows may come a second time from another one: `settle` drops those, so that every number is there once.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scan.archive import Folder
from scan.table.schema import Row, schema

ROWS = "rows"


def write_shard(folder: Folder, name: str, rows: Sequence[Row]) -> None:
    """Write rows as a shard.

    Raises:
        OSError: if that cannot be done.
    """
    import pyarrow

    _write(folder, name, pyarrow.Table.from_pylist(list(rows), schema=schema()))


def read_shards(folder: Folder, columns: Sequence[str] | None = None) -> Iterator[tuple[str, Any]]:
    """Each shard's name and its rows as a table, one after another."""
    for name in folder.names(ROWS):
        yield name, folder.read_table(f"{ROWS}/{name}", columns)


def settle(folder: Folder, total: int) -> NDArray[np.bool_]:
    """Drop rows that are there twice.

    Args:
        folder: the destination.
        total: rows of the manifest.

    Returns:
        `[total]`, True where there is a row.
    """
    folder.remove_leftovers(ROWS)
    done = np.zeros(total, dtype=bool)
    for name, table in read_shards(folder, ["number"]):
        numbers = table["number"].to_numpy()
        fresh = (numbers >= 0) & (numbers < total)
        fresh[fresh] &= ~done[numbers[fresh]]
        fresh[np.setdiff1d(np.arange(len(numbers)), np.unique(numbers, return_index=True)[1])] = False
        if not fresh.all():
            keep_rows(folder, name, fresh)
        done[numbers[fresh]] = True
    return done


def keep_rows(folder: Folder, name: str, kept: NDArray[np.bool_]) -> None:
    """Drop all other rows of a shard."""
    import pyarrow

    if not kept.any():
        folder.remove(f"{ROWS}/{name}")
        return
    _write(folder, name, folder.read_table(f"{ROWS}/{name}").filter(pyarrow.array(kept)))


def drop_numbers(folder: Folder, numbers: NDArray[np.int64]) -> None:
    """Drop the rows of these numbers, so that their files are processed again."""
    for name, table in read_shards(folder, ["number"]):
        kept = ~np.isin(table["number"].to_numpy(), numbers)
        if not kept.all():
            keep_rows(folder, name, kept)


def failed_numbers(folder: Folder) -> NDArray[np.int64]:
    """The numbers of all rows with an error."""
    found = [np.zeros(0, dtype=np.int64)]
    for _, table in read_shards(folder, ["number", "status"]):
        failed = np.array(table["status"].to_pylist()) != "ok"
        found.append(table["number"].to_numpy()[failed])
    return np.concatenate(found)


def merge_shards(folder: Folder, names: Iterable[str], merged: str) -> None:
    """Write several shards as one, then remove them; `settle` puts right what a crash in between leaves."""
    import pyarrow

    names = list(names)
    tables = [folder.read_table(f"{ROWS}/{name}") for name in names]
    _write(folder, merged, pyarrow.concat_tables(tables))
    for name in names:
        folder.remove(f"{ROWS}/{name}")


def _write(folder: Folder, name: str, table: Any) -> None:
    import pyarrow.parquet

    out = io.BytesIO()
    pyarrow.parquet.write_table(table, out, compression="zstd")
    folder.write(f"{ROWS}/{name}", out.getvalue())
