"""A file that records go to, for months: full disks, crashes, rotation and deletion included.

    record ──> lines kept in memory ──> file
                 │  (none, while the disk takes what comes)
                 └─ too many: the oldest go, and a `lost` record says so

A file that fails is told of once, and once more when it can be written again. Each record is a new try, which opens the
file anew, for the disk may have been another one in between.

| type | fields                                                                                                   |
|------|----------------------------------------------------------------------------------------------------------|
| lost | source, lines (how many of this source are missing here), onset, offset (from when to when), onset_utc,  |
|      | offset_utc, reason                                                                                       |
"""

import errno
import logging
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from edge.errors import SettingError
from edge.log.formats import Format, format_of
from edge.log.line_file import LineFile, Rotation
from edge.log.records import Record

_log = logging.getLogger(__name__)

_KEPT_BYTES = 1 << 20  # of lines that wait for room: some thousands
_TIMES = ("onset", "offset", "onset_utc", "offset_utc")


class _Kept(NamedTuple):
    record: Record
    line: bytes


class FileSink:
    """Appends records to a file.

    Args:
        path: of the file.
        form: how records become lines; for this file alone.
        durable: whether every line is on the disk, not only on its way there, when `write` returns.
        rotation: when the file is put aside; never if None.

    Raises:
        OSError: if it cannot be opened, unless the disk is full: that may pass.
        SettingError: if it is something else than a file of this format.
    """

    def __init__(self, path: Path, form: Format, *, durable: bool = False, rotation: Rotation | None = None) -> None:
        self._path, self._form, self._durable = path, form, durable
        self._rotation = Rotation() if rotation is None else rotation
        self._kept: deque[_Kept] = deque()
        self._kept_bytes = 0
        self._losses: dict[str, Record] = {}  # by source
        self._lost_lines = 0  # since it was last told
        self._reached: dict[str, Record] = {}  # by source: the newest times of its records
        self._failure: str | None = None
        self._moved = False
        self._file: LineFile | None = None
        self._last_line_at: datetime | None = None  # of those that are ours
        try:
            self._open()
        except OSError as exc:
            if exc.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            self._fail(exc)

    def write(self, record: Record) -> None:
        """See `Sink.write`. A file that cannot be written now is no error: the line is kept."""
        self._keep(record)
        try:
            self._drain()
        except (OSError, SettingError) as exc:
            self._fail(exc)
        else:
            if self._failure is not None:
                lost = f"; {self._lost_lines} lines were lost" if self._lost_lines else ""
                _log.warning("%s: is written again%s", self._path, lost)
            self._failure, self._lost_lines = None, 0

    def reopen(self) -> None:
        """Go on, from the next record, in a file of this name, new if need be; for signal handlers."""
        self._moved = True

    def close(self) -> None:
        """Write what is kept, and close.

        Raises:
            OSError: if lines could not be written.
        """
        try:
            self._drain()
        except (OSError, SettingError) as exc:
            missing = self._lost_lines + len(self._kept)
            raise OSError(errno.EIO, f"{_why(exc)}; {missing} lines could not be written", str(self._path)) from exc
        finally:
            self._release()

    def _fail(self, exc: OSError | SettingError) -> None:
        self._release()
        if self._failure is None:
            _log.warning("%s: %s; goes on, and keeps its lines until they can be written", self._path, _why(exc))
        self._failure = _why(exc)

    def _keep(self, record: Record) -> None:
        line = self._form.line(record).encode()
        if not line:
            return
        if "offset" in record:
            self._reached[record["source"]] = {name: record[name] for name in _TIMES if name in record}
        self._kept.append(_Kept(record, line))
        self._kept_bytes += len(line)
        while self._kept_bytes > _KEPT_BYTES:
            oldest = self._kept.popleft()
            self._kept_bytes -= len(oldest.line)
            self._lose(oldest.record)

    def _lose(self, record: Record) -> None:
        """Note that a record will be missing."""
        source, lines = record["source"], 1
        if record["type"] == "lost":
            lines = record["lines"]
        else:
            self._lost_lines += 1
        times = {name: record[name] for name in _TIMES if name in record}
        times = times or self._reached.get(source, {"onset": 0.0, "offset": 0.0})
        loss = self._losses.setdefault(source, {"type": "lost", "source": source, "lines": 0} | times)
        loss["lines"] += lines
        loss |= {name: time for name, time in times.items() if name.startswith("offset")}

    def _drain(self) -> None:
        """Write all that is kept, what is missing first."""
        if self._moved:
            self._moved = False
            self._release()
        if self._file is not None and self._file.is_gone:
            _log.warning("%s: was deleted; a new one is begun", self._path)
            self._release()
        file = self._open() if self._file is None else self._file
        for loss in self._losses.values():
            loss["reason"] = self._failure
            line = self._form.line(loss).encode()
            if line:
                self._kept.appendleft(_Kept(loss, line))
                self._kept_bytes += len(line)
        self._losses.clear()
        while self._kept:
            if file.is_due(self._kept[0].line, self._rotation):
                self._release()
                file.put_aside()
                file = self._open()
            self._fill(file)

    def _fill(self, file: LineFile) -> None:
        """Append kept lines until none is left or the file is to be put aside; none is forgotten before it is safe."""
        begin, done = file.size, 0
        try:
            for kept in self._kept:
                if done and file.is_due(kept.line, self._rotation):
                    break
                file.append(kept.line)
                done += 1
        finally:
            if self._durable:
                self._sync(file, begin)
            for _ in range(done):
                kept = self._kept.popleft()
                self._kept_bytes -= len(kept.line)
                self._form.wrote(kept.record)

    def _sync(self, file: LineFile, begin: int) -> None:
        try:
            file.sync()
        except OSError:
            file.cut(begin)  # nobody knows what has come there
            raise

    def _open(self) -> LineFile:
        self._file = LineFile(self._path, self._form, durable=self._durable, written_by=self._last_line_at)
        return self._file

    def _release(self) -> None:
        if self._file is not None:
            self._last_line_at = self._file.last_line_at
            self._file.close()
        self._file = None


def open_files(
    arguments: Sequence[str], *, sample_rate: int, several: bool, durable: bool, rotation: Rotation | None
) -> list[FileSink]:
    """The files that `--out` asks for.

    Args:
        arguments: as the user gave them.
        sample_rate: the model's, in Hz.
        several: whether the log has more than one source.
        durable: see `FileSink`.
        rotation: see `FileSink`.

    Raises:
        OSError: if one cannot be opened.
        SettingError: if one does not tell its format, holds something else, or is named twice.
    """
    chosen = [format_of(argument, sample_rate=sample_rate, several=several) for argument in arguments]
    paths = [path.resolve() for path, _ in chosen]
    for path in paths:
        if paths.count(path) > 1:
            raise SettingError(f"--out {path}: is given twice; give each format a file of its own")
    files = []
    for path, form in chosen:
        try:
            files.append(FileSink(path, form, durable=durable, rotation=rotation))
        except OSError as exc:
            raise OSError(exc.errno, exc.strerror, f"--out {path}") from exc
    return files


def _why(exc: OSError | SettingError) -> str:
    return exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
