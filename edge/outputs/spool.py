"""Messages on disk until they are delivered: in order, none twice, over crashes and restarts.

SQLite keeps them, one file for an output. Every message has a key; what was delivered is remembered by its key for a
while, so that the same message is not accepted again. While the disk is full, a copy in memory takes the file's place.
"""

import errno
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from edge.errors import SettingError

_log = logging.getLogger(__name__)

_T = TypeVar("_T")

_MOST_IN_MEMORY = 10_000  # messages
_SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    target TEXT NOT NULL, key TEXT NOT NULL, at REAL NOT NULL, source TEXT NOT NULL,
    body TEXT,  -- NULL once it was delivered or dropped
    UNIQUE (target, key)
);
CREATE INDEX IF NOT EXISTS waiting ON messages (target, id) WHERE body IS NOT NULL;
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class Message(NamedTuple):
    """A message that waits.

    Attributes:
        number: grows with each message.
        at: when it was made, in seconds since 1970.
        source: that it is about.
        body: what is to be delivered.
    """

    number: int
    at: float
    source: str
    body: str


def state_folder(chosen: Path | None) -> Path:
    """The folder of what outputs remember: the chosen one, else that of systemd or of the user."""
    if chosen is not None:
        return chosen
    if "STATE_DIRECTORY" in os.environ:
        return Path(os.environ["STATE_DIRECTORY"].partition(":")[0])
    home = os.environ.get("XDG_STATE_HOME")
    return (Path(home) if home else Path.home() / ".local" / "state") / "sed-edge"


class Spool:
    """The messages of one output; safe to use from several threads.

    Args:
        path: of its file; its folder is made.
        kept_seconds: for how long a message waits, and a key is remembered.

    Raises:
        OSError: if the file cannot be used.
        SettingError: if another process uses it.
    """

    def __init__(self, path: Path, kept_seconds: float) -> None:
        self._path, self._kept_seconds = path, kept_seconds
        self._lock = threading.RLock()
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._database = self._open()
        except sqlite3.DatabaseError as exc:
            if isinstance(exc, sqlite3.OperationalError):
                raise
            damaged = path.with_suffix(".damaged")
            path.rename(damaged)
            _log.warning("%s: %s; it is kept as %s, and a new one begun", path, exc, damaged.name)
            self._database = self._open()
        self._disk: sqlite3.Connection | None = None  # while the disk is full and `_database` is in memory

    def add(self, target: str, key: str, source: str, body: str, at: float | None = None) -> bool:
        """Keep a message until it is delivered; returns False if one of this key was accepted before.

        Args:
            target: that it goes to.
            key: of it.
            source: that it is about.
            body: of it.
            at: when it was made, in seconds since 1970; now if None.

        Raises:
            OSError: if it cannot be kept.
        """
        sql = "INSERT OR IGNORE INTO messages (target, key, at, source, body) VALUES (?, ?, ?, ?, ?)"
        with self._lock:
            if self._disk is not None:
                (waiting,) = self._database.execute("SELECT COUNT(*) FROM messages WHERE body IS NOT NULL").fetchone()
                if waiting >= _MOST_IN_MEMORY:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._path))
            row = (target, key, time.time() if at is None else at, source, body)
            return self._change(lambda database: database.execute(sql, row).rowcount == 1)

    def waiting(self, target: str, most: int, after: int = 0) -> list[Message]:
        """The first messages that wait for a target, the oldest first, with a number greater than `after`."""
        sql = (
            "SELECT id, at, source, body FROM messages WHERE target = ? AND id > ? AND body IS NOT NULL "
            "ORDER BY id LIMIT ?"
        )
        with self._lock:
            return [Message(*row) for row in self._database.execute(sql, (target, after, most))]

    def remove(self, numbers: Sequence[int]) -> None:
        """Note that messages were delivered."""
        rows, sql = [(number,) for number in numbers], "UPDATE messages SET body = NULL WHERE id = ?"
        self._change(lambda database: database.executemany(sql, rows))

    def expire(self) -> list[tuple[str, int]]:
        """Drop the messages that waited too long; returns their number by source."""
        oldest = (time.time() - self._kept_seconds,)
        sql = "SELECT source, COUNT(*) FROM messages WHERE at < ? AND body IS NOT NULL GROUP BY source"
        with self._lock:
            self._return_to_disk()
            dropped = self._database.execute(sql, oldest).fetchall()
            self._change(lambda database: database.execute("DELETE FROM messages WHERE at < ?", oldest))
        return dropped

    def note(self, name: str, value: str) -> None:
        """Remember something under a name."""
        self._change(lambda database: database.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, value)))

    def noted(self, name: str) -> str | None:
        """What was remembered under a name."""
        with self._lock:
            row = self._database.execute("SELECT value FROM notes WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._return_to_disk()
            self._database.close()
            if self._disk is not None:
                self._disk.close()

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._path, timeout=0.5, check_same_thread=False)
        try:
            database.execute("PRAGMA locking_mode = EXCLUSIVE")
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            database.executescript(_SCHEMA)
        except sqlite3.OperationalError as exc:
            database.close()
            if "locked" in str(exc):
                raise SettingError(f"{self._path}: is in use; give each sed-stream a folder by --state") from exc
            raise OSError(None, str(exc), str(self._path)) from exc
        except BaseException:
            database.close()
            raise
        return database

    def _change(self, change: Callable[[sqlite3.Connection], _T]) -> _T:
        with self._lock:
            try:
                with self._database:
                    return change(self._database)
            except sqlite3.OperationalError as exc:
                if self._disk is not None:
                    raise OSError(None, str(exc), str(self._path)) from exc
                _log.warning("%s: %s; goes on in memory until it can be written", self._path, exc)
            memory = sqlite3.connect(":memory:", check_same_thread=False)
            self._database.backup(memory)
            self._disk, self._database = self._database, memory
            return self._change(change)

    def _return_to_disk(self) -> None:
        """Write what is in memory to the file, if that is possible again."""
        if self._disk is None:
            return
        try:
            self._database.backup(self._disk)
        except sqlite3.OperationalError:
            return
        self._database.close()
        self._database, self._disk = self._disk, None
        _log.warning("%s: is written again", self._path)
