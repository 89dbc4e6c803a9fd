"""The manifest of a destination: every file that is to have a row, numbered from 0.

It is a number of Parquet files, each of which is processed as one wave, so that no process ever holds
more of the archive.
"""

import hashlib
import io
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scan.archive import ArchiveFile, Folder
from scan.table.schema import Row, manifest_schema

MANIFEST = "manifest"
_WAVE_ROWS = 50_000
_BATCH_ROWS = 10_000


class Manifest:
    """The files of a destination.

    Args:
        folder: the destination.

    Attributes:
        total: number of files.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._names = folder.names(MANIFEST)
        self.total = 0
        self._paths = np.zeros(0, dtype="S16")  # sorted hashes
        self._numbers = np.zeros(0, dtype=np.int64)  # of the files in that order
        self._versions = np.zeros(0, dtype="S8")
        for _, table in self._tables():
            self._note([_file(row) for row in table.to_pylist()], table["number"].to_numpy())

    def add(self, files: Iterable[ArchiveFile]) -> tuple[int, int, NDArray[np.int64]]:
        """Add the files that are new, and note those that have changed.

        Returns:
            How many are new, how many came twice, and the numbers of those that have another size or time than before.
        """
        new = twice = 0
        before = self.total
        changed: list[int] = []
        wave: list[Row] = []
        batch: list[ArchiveFile] = []
        for file in files:
            batch.append(file)
            if len(batch) >= _BATCH_ROWS:
                twice += self._add_batch(batch, wave, before, changed)
                batch = []
        twice += self._add_batch(batch, wave, before, changed)
        self._write(wave)
        new = self.total - before
        return new, twice, np.array(sorted(set(changed)), dtype=np.int64)

    def waves(self) -> Iterator[list[Row]]:
        """The files, a wave at a time."""
        for _, table in self._tables():
            yield table.to_pylist()

    def _tables(self) -> Iterator[tuple[str, Any]]:
        for name in self._names:
            yield name, self._folder.read_table(f"{MANIFEST}/{name}")

    def _add_batch(self, files: list[ArchiveFile], wave: list[Row], before: int, changed: list[int]) -> int:
        """Returns how many came twice."""
        unique = {file.path: file for file in files}
        twice = len(files) - len(unique)
        fresh: list[ArchiveFile] = []
        updates: dict[int, ArchiveFile] = {}
        for file, place in zip(unique.values(), self._find(list(unique)), strict=True):
            if place < 0:
                fresh.append(file)
            elif self._numbers[place] >= before:
                twice += 1
            elif file.modified and self._versions[place] != _version(file):
                updates[int(self._numbers[place])] = file
        numbers = np.arange(self.total, self.total + len(fresh))
        self._note(fresh, numbers)
        wave += [{"number": int(n), **file._asdict()} for n, file in zip(numbers, fresh, strict=True)]
        if updates:
            self._update(updates)
            changed += updates
        if len(wave) >= _WAVE_ROWS:
            self._write(wave)
            wave.clear()
        return twice

    def _find(self, paths: list[str]) -> NDArray[np.int64]:
        """Where each path stands among the sorted ones; -1 for those that are new."""
        hashes = np.array([_hash(path, 16) for path in paths], dtype="S16")
        places = np.searchsorted(self._paths, hashes)
        inside = np.minimum(places, max(0, len(self._paths) - 1))
        known = self._paths[inside] == hashes if len(self._paths) else np.zeros(len(paths), dtype=bool)
        return np.where(known, inside, -1)

    def _note(self, files: list[ArchiveFile], numbers: NDArray[np.int64]) -> None:
        hashes = np.array([_hash(file.path, 16) for file in files], dtype="S16")
        order = np.argsort(hashes, kind="stable")
        places = np.searchsorted(self._paths, hashes[order])
        versions = np.array([_version(file) for file in files], dtype="S8")
        self._paths = np.insert(self._paths, places, hashes[order])
        self._numbers = np.insert(self._numbers, places, numbers[order])
        self._versions = np.insert(self._versions, places, versions[order])
        self.total += len(files)

    def _write(self, wave: list[Row]) -> None:
        if not wave:
            return
        name = f"{wave[0]['number']:09d}.parquet"
        self._names = sorted({*self._names, name})
        self._save(name, wave)

    def _update(self, updates: dict[int, ArchiveFile]) -> None:
        for name, table in self._tables():
            rows = table.to_pylist()
            mine = [row for row in rows if row["number"] in updates]
            for row in mine:
                row |= updates[row["number"]]._asdict()
            if mine:
                self._save(name, rows)

    def _save(self, name: str, rows: list[Row]) -> None:
        import pyarrow
        import pyarrow.parquet

        out = io.BytesIO()
        table = pyarrow.Table.from_pylist(rows, schema=manifest_schema())
        pyarrow.parquet.write_table(table, out, compression="zstd")
        self._folder.write(f"{MANIFEST}/{name}", out.getvalue())


def _file(row: Row) -> ArchiveFile:
    return ArchiveFile(**{name: row[name] for name in ArchiveFile._fields})


def _version(file: ArchiveFile) -> bytes:
    return _hash(f"{file.size} {file.modified}", 8)


def _hash(text: str, size: int) -> bytes:
    # NumPy takes zeros at the end of bytes for their end, in all of them alike.
    return hashlib.blake2b(text.encode(errors="replace"), digest_size=size).digest()
