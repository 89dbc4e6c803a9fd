"""A whole scan: the manifest wave by wave, every file to its row."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scan.archive import ArchiveFile, Folder
from scan.cluster.engine import Engine
from scan.cluster.progress import Progress
from scan.cluster.scanner import PARTS
from scan.cluster.settings import ScanSettings
from scan.cluster.units import (
    Unit,
    encoded,
    file_units,
    join_unit,
    part_units,
    plan_from_json,
    plan_units,
    split_is_worthwhile,
)
from scan.errors import ScanError
from scan.recording import Plan
from scan.table import ROWS, Manifest, Row, drop_numbers, failed_numbers, merge_shards, settle

_log = logging.getLogger(__name__)

Receipt = dict[str, Any]
_MERGED_SHARDS = 64


class Outcome(NamedTuple):
    """What became of a scan.

    Attributes:
        rows: of the table.
        failed: of this run.
        seconds: of sound, in this run.
        took_seconds: of this run.
    """

    rows: int
    failed: int
    seconds: float
    took_seconds: float


def list_files(folder: Folder, files: Iterable[ArchiveFile], retry_failed: bool) -> tuple[Manifest, NDArray[np.bool_]]:
    """Add the files of the sources to the manifest, and see which have their rows.

    Args:
        folder: the destination.
        files: of the sources.
        retry_failed: whether rows with an error are dropped, so that their files come again.

    Returns:
        The manifest, and `[total]`, True where there is a row.
    """
    manifest = Manifest(folder)
    before = manifest.total
    new, twice, changed = manifest.add(files)
    if twice:
        _log.warning("%d files were named more than once; each has one row", twice)
    if before:
        _log.info("%d files from before, %d new, %d changed", before, new, len(changed))
    dropped = [changed, failed_numbers(folder)] if retry_failed else [changed]
    numbers = np.concatenate(dropped)
    if len(numbers):
        drop_numbers(folder, numbers)
    return manifest, settle(folder, manifest.total)


class Scan:
    """Processes the files of a manifest that have no row.

    Args:
        settings: of the scan.
        engine: begun.
        folder: the destination.
    """

    def __init__(self, settings: ScanSettings, engine: Engine, folder: Folder) -> None:
        self._settings, self._engine, self._folder = settings, engine, folder
        self._units = 0

    def run(self, manifest: Manifest, done: NDArray[np.bool_]) -> Outcome:
        """Process them all.

        Raises:
            ScanError: if files have no row at the end.
        """
        self._progress = Progress(manifest.total, int(done.sum()))
        try:
            for wave in manifest.waves():
                rows = [row for row in wave if not done[row["number"]]]
                if rows:
                    self._run_wave(rows)
        finally:
            self._progress.end()
        missing = int((~settle(self._folder, manifest.total)).sum())
        if missing:
            raise ScanError(f"{self._folder.url}: {missing} files have no row; run the same command again")
        progress = self._progress
        return Outcome(manifest.total, progress.failed, progress.seconds, progress.took_seconds)

    def _run_wave(self, rows: list[Row]) -> None:
        splitting = self._settings.part_seconds > 0
        long = [row for row in rows if splitting and split_is_worthwhile(row)]
        plans: dict[int, Plan] = {}
        for receipt in self._do(plan_units(long), self._engine.light_receipts):
            plans |= {
                int(number): plan_from_json(plan) for number, plan in receipt["plans"].items() if plan is not None
            }
        split = [(row, plans[row["number"]]) for row in long if row["number"] in plans]
        self._folder.remove_leftovers(PARTS)
        present = set(self._folder.names(PARTS)) if split else set()
        parts = [unit for row, plan in split for unit in part_units(row, plan, present)]
        whole = [row for row in rows if row["number"] not in plans]
        self._all([*parts, *file_units(whole, self._engine.workers)])
        joins = (join_unit(row, plan) for row, plan in split)
        again = {
            number for receipt in self._do(joins, self._engine.light_receipts) for number in receipt.get("whole", ())
        }
        self._all(file_units([row for row in rows if row["number"] in again], self._engine.workers))
        self._merge()

    def _all(self, units: Iterable[Unit]) -> None:
        for _ in self._do(units, self._engine.receipts):
            pass

    def _do(self, units: Iterable[Unit], way: Callable[[Sequence[str]], Iterator[Receipt]]) -> Iterator[Receipt]:
        """Have units done; their receipts, counted."""
        texts = encoded(units, self._units)
        self._units += len(texts)
        for receipt in way(texts):
            self._progress.add(receipt)
            yield receipt

    def _merge(self) -> None:
        """Make a few large shards of many small ones."""
        run = self._settings.run
        names = [name for name in self._folder.names(ROWS) if name.startswith(f"{run}-")]
        groups = [names[begin : begin + _MERGED_SHARDS] for begin in range(0, len(names), _MERGED_SHARDS)]
        calls = [
            (self._settings.destination, group, f"merged-{run}-{self._units:07d}-{index:05d}.parquet")
            for index, group in enumerate(groups)
            if len(group) > 1
        ]
        for _ in self._engine.map(_merge, calls):
            pass


def _merge(destination: str, names: list[str], merged: str) -> None:
    merge_shards(Folder(destination), names, merged)
