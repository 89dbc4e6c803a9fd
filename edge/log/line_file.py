"""One open file of lines: appended to, repaired after a crash, rotated under names that sort by time.

Lines are written whole or not at all: a part that a full disk accepted is cut off again. Rotation renames the file to
the time at which its last line was written, `events.20261124T235959.123456Z.jsonl`. These names sort by time and are
never used twice, even if the clock is set back.
"""

import contextlib
import logging
import os
import re
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from edge.errors import SettingError
from edge.log.formats import Format

_log = logging.getLogger(__name__)

_TAIL_BYTES = 1 << 20  # no line is longer
_STAMP = "%Y%m%dT%H%M%S.%fZ"
_UNITS = {"kB": 10**3, "MB": 10**6, "GB": 10**9}


class Rotation(NamedTuple):
    """When a new file is begun: before a line would exceed `most_bytes`, and with the first line of a day (UTC)."""

    most_bytes: int | None = None
    daily: bool = False

    @classmethod
    def parse(cls, text: str) -> "Rotation":
        """Read the value of `--rotate`.

        Raises:
            SettingError: if it is neither `day` nor a size.

        >>> Rotation.parse("100MB")
        Rotation(most_bytes=100000000, daily=False)
        """
        if text == "day":
            return cls(daily=True)
        size = re.fullmatch(r"(\d{1,9}) ?(kB|MB|GB)", text)
        if size is None or int(size[1]) == 0:
            raise SettingError(f"--rotate {text}: expected day, or a size such as 500kB, 100MB or 1GB")
        return cls(most_bytes=int(size[1]) * _UNITS[size[2]])


class LineFile:
    """Opens or creates a file, repairs its end, and writes the header of a new one.

    Args:
        path: of the file.
        form: of its lines.
        durable: whether a new file is synced to the disk at once.
        last_written_at: when this process wrote the last line to it, or None. If None, a last line that lacks only its
            line end is completed; else it is cut off, because it will be written again.

    Attributes:
        size: bytes.
        last_line_at: when its last line was written, in UTC.

    Raises:
        OSError: if it cannot be opened or written.
        SettingError: if it is not a file of this format.
    """

    def __init__(self, path: Path, form: Format, *, durable: bool, last_written_at: datetime | None = None) -> None:
        self._path, self._form = path, form
        self._descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        try:
            status = os.fstat(self._descriptor)
            self._regular = stat.S_ISREG(status.st_mode)
            if not self._regular and not stat.S_ISCHR(status.st_mode):
                raise SettingError(f"--out {path}: is not a regular file; give the path of a file")
            self.size = status.st_size if self._regular else 0
            self.last_line_at = (
                datetime.fromtimestamp(status.st_mtime, UTC) if last_written_at is None else last_written_at
            )
            if self.size > 0:
                self._repair(kept=last_written_at is not None)
            self._is_empty = self.size == 0  # it holds only its header
            if self._is_empty:
                self._write(form.header().encode())
            if durable:
                self.sync()
                _sync_folder(path.parent)
        except BaseException:
            self.close()
            raise

    @property
    def is_deleted(self) -> bool:
        """Whether the file was deleted."""
        return self._regular and os.fstat(self._descriptor).st_nlink == 0

    def needs_rotation(self, line: bytes, rotation: Rotation) -> bool:
        """Whether a new file is to be begun before this line."""
        if self._is_empty or not self._regular:
            return False
        if rotation.most_bytes is not None and self.size + len(line) > rotation.most_bytes:
            return True
        return rotation.daily and _now().date() != self.last_line_at.date()

    def append(self, line: bytes) -> None:
        """Write a line, whole or, with an OSError, not at all."""
        self._write(line)
        self._is_empty, self.last_line_at = False, _now()

    def sync(self) -> None:
        """Sync what was written to the disk."""
        if self._regular:
            os.fsync(self._descriptor)

    def truncate(self, size: int) -> None:
        """Cut the file to that size, if possible."""
        if self._regular:
            with contextlib.suppress(OSError):  # it is repaired when it is opened again
                os.ftruncate(self._descriptor, size)
        self.size = size

    def close(self) -> None:
        """Close it; may be called twice."""
        descriptor, self._descriptor = self._descriptor, -1
        with contextlib.suppress(OSError):
            os.close(descriptor)

    def rotate(self) -> None:
        """Close it and rename it, so that a new file can take its name."""
        self.close()
        self._path.rename(_unused_name(self._path, self._form.suffix, self.last_line_at))

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError:
            self.truncate(self.size)
            raise
        self.size += len(data)

    def _repair(self, kept: bool) -> None:
        with self._path.open("rb") as reader:
            first = reader.readline(_TAIL_BYTES)
            reader.seek(max(0, self.size - _TAIL_BYTES))
            tail = reader.read()
        whole, newline, torn = tail.rpartition(b"\n")
        if not self._form.can_continue(_text(first)) or (not newline and self.size > len(tail)):
            name = self._form.suffix.lstrip(".")
            raise SettingError(f"--out {self._path}: holds another format than {name}; give another file")
        if torn and not kept and self._form.is_complete(_text(torn)):
            self._write(b"\n")
        elif torn:
            self.size -= len(torn)
            os.ftruncate(self._descriptor, self.size)
            if not kept:
                _log.warning("%s: its last line was cut off and is removed: %s", self._path, _text(torn))
        if newline:
            self._form.resume(_text(whole.rpartition(b"\n")[2]))


def _unused_name(path: Path, suffix: str, at: datetime) -> Path:
    """A new name in the folder of `path` for lines written until `at`, which sorts after the existing ones."""
    used = _stamps(path, suffix)
    if used:
        newest = datetime.strptime(max(used), _STAMP).replace(tzinfo=UTC)
        at = max(at, newest + timedelta(microseconds=1))
    return _stamped(path, suffix, at.strftime(_STAMP))


def rotated_files(path: Path, suffix: str) -> list[Path]:
    """The files that rotation has put aside for the file of that name, the oldest first.

    Raises:
        OSError: if its folder cannot be read.
    """
    return [_stamped(path, suffix, stamp) for stamp in sorted(_stamps(path, suffix))]


def _stamps(path: Path, suffix: str) -> list[str]:
    """The times in the names of the rotated files."""
    stem, end = _divided(path, suffix)
    pattern = re.compile(re.escape(stem) + r"\.(\d{8}T\d{6}\.\d{6}Z)" + re.escape(end))
    return [found[1] for found in map(pattern.fullmatch, os.listdir(path.parent)) if found is not None]


def _stamped(path: Path, suffix: str, stamp: str) -> Path:
    stem, end = _divided(path, suffix)
    return path.with_name(f"{stem}.{stamp}{end}")


def _divided(path: Path, suffix: str) -> tuple[str, str]:
    """The file's name without the suffix of its format, and that suffix as it is written, if it has one."""
    if path.name.lower().endswith(suffix):
        return path.name[: -len(suffix)], path.name[-len(suffix) :]
    return path.name, ""


def _sync_folder(folder: Path) -> None:
    """Sync a new name to the disk, where the system supports it."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _text(line: bytes) -> str:
    """A line as text; after a crash it may be unreadable, or full of zeros."""
    return line.decode(errors="replace").strip("\0\r\n")


def _now() -> datetime:
    return datetime.now(UTC)
