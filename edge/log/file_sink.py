"""Writes records to a file for months, through full disks, crashes, rotation and deletion.

    record ──> pending lines in memory ──> file
                 │  (none, while the file can be written)
                 └─ too many: the oldest are dropped, and a `lost` record says so

The first failure is logged as a warning, and so is the recovery. Each record is a new attempt, which opens the file
again, because another disk may be mounted in between.

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

_MOST_PENDING_BYTES = 1 << 20  # some thousands of lines
_TIMES = ("onset", "offset", "onset_utc", "offset_utc")


class _PendingLine(NamedTuple):
    record: Record
    line: bytes


class FileSink:
    """Appends records to a file.

    Args:
        path: of the file.
        form: turns records into lines; not shared with other files.
        durable: whether every line is synced to the disk when `write` returns.
        rotation: when a new file is begun; never if None.

    Attributes:
        failure: why it cannot be written now; None while it can. Other threads read it.

    Raises:
        OSError: if it cannot be opened, except where the disk is full, which may be temporary.
        SettingError: if it is not a file of this format.
    """

    def __init__(self, path: Path, form: Format, *, durable: bool = False, rotation: Rotation | None = None) -> None:
        self._path, self._form, self._durable = path, form, durable
        self._rotation = Rotation() if rotation is None else rotation
        self._pending: deque[_PendingLine] = deque()
        self._pending_bytes = 0
        self._dropped: dict[str, Record] = {}  # by source
        self._dropped_lines = 0  # since the last warning
        self._last_times: dict[str, Record] = {}  # by source: times of its newest record
        self.failure: str | None = None
        self._reopen_requested = False
        self._file: LineFile | None = None
        self._last_line_at: datetime | None = None  # of the lines written here
        try:
            self._open()
        except OSError as exc:
            if exc.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            self._fail(exc)

    def write(self, record: Record) -> None:
        """See `Sink.write`. If the file cannot be written now, the line is kept and no error is raised."""
        self._add(record)
        try:
            self._write_pending()
        except (OSError, SettingError) as exc:
            self._fail(exc)
        else:
            if self.failure is not None:
                lost = f"; {self._dropped_lines} lines were lost" if self._dropped_lines else ""
                _log.warning("%s: is written again%s", self._path, lost)
            self.failure, self._dropped_lines = None, 0

    def reopen(self) -> None:
        """Open the file again, or a new one of this name, at the next record; safe to call from a signal handler."""
        self._reopen_requested = True

    def close(self) -> None:
        """Write the pending lines, and close.

        Raises:
            OSError: if lines could not be written.
        """
        try:
            self._write_pending()
        except (OSError, SettingError) as exc:
            missing = self._dropped_lines + len(self._pending)
            raise OSError(errno.EIO, f"{_why(exc)}; {missing} lines could not be written", str(self._path)) from exc
        finally:
            self._release()

    def _fail(self, exc: OSError | SettingError) -> None:
        self._release()
        if self.failure is None:
            _log.warning("%s: %s; continues, and keeps its lines until they can be written", self._path, _why(exc))
        self.failure = _why(exc)

    def _add(self, record: Record) -> None:
        line = self._form.line(record).encode()
        if not line:
            return
        if "offset" in record:
            self._last_times[record["source"]] = {name: record[name] for name in _TIMES if name in record}
        self._pending.append(_PendingLine(record, line))
        self._pending_bytes += len(line)
        while self._pending_bytes > _MOST_PENDING_BYTES:
            oldest = self._pending.popleft()
            self._pending_bytes -= len(oldest.line)
            self._drop(oldest.record)

    def _drop(self, record: Record) -> None:
        """Note that a record will be missing from the file."""
        source, lines = record["source"], 1
        if record["type"] == "lost":
            lines = record["lines"]
        else:
            self._dropped_lines += 1
        times = {name: record[name] for name in _TIMES if name in record}
        times = times or self._last_times.get(source, {"onset": 0.0, "offset": 0.0})
        loss = self._dropped.setdefault(source, {"type": "lost", "source": source, "lines": 0} | times)
        loss["lines"] += lines
        loss |= {name: time for name, time in times.items() if name.startswith("offset")}

    def _write_pending(self) -> None:
        """Write all pending lines, after records of the dropped ones."""
        if self._reopen_requested:
            self._reopen_requested = False
            self._release()
        if self._file is not None and self._file.is_deleted:
            _log.warning("%s: was deleted; continues in a new file", self._path)
            self._release()
        file = self._open() if self._file is None else self._file
        for loss in self._dropped.values():
            loss["reason"] = self.failure
            line = self._form.line(loss).encode()
            if line:
                self._pending.appendleft(_PendingLine(loss, line))
                self._pending_bytes += len(line)
        self._dropped.clear()
        while self._pending:
            if file.needs_rotation(self._pending[0].line, self._rotation):
                self._release()
                file.rotate()
                file = self._open()
            self._append_pending(file)

    def _append_pending(self, file: LineFile) -> None:
        """Append pending lines until none is left or the file is full; each is kept until it is written."""
        begin, done = file.size, 0
        try:
            for kept in self._pending:
                if done and file.needs_rotation(kept.line, self._rotation):
                    break
                file.append(kept.line)
                done += 1
        finally:
            if self._durable:
                self._sync(file, begin)
            for _ in range(done):
                kept = self._pending.popleft()
                self._pending_bytes -= len(kept.line)
                self._form.note_written(kept.record)

    def _sync(self, file: LineFile, begin: int) -> None:
        try:
            file.sync()
        except OSError:
            file.truncate(begin)  # it is unknown which bytes reached the disk
            raise

    def _open(self) -> LineFile:
        self._file = LineFile(self._path, self._form, durable=self._durable, last_written_at=self._last_line_at)
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
        SettingError: if the format of one is unknown, it holds another format, or is given twice.
    """
    chosen = [format_of(argument, sample_rate=sample_rate, several=several) for argument in arguments]
    paths = [path.resolve() for path, _ in chosen]
    for path in paths:
        if paths.count(path) > 1:
            raise SettingError(f"--out {path}: is given twice; give each format its own file")
    files = []
    for path, form in chosen:
        try:
            files.append(FileSink(path, form, durable=durable, rotation=rotation))
        except OSError as exc:
            raise OSError(exc.errno, exc.strerror, f"--out {path}") from exc
    return files


def _why(exc: OSError | SettingError) -> str:
    return exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
