"""Folders and files on disks and in object storage, by fsspec: `s3://`, `gs://`, `abfs://` and paths."""

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from edge.errors import InstallError, SettingError, SourceError
from edge.log import whole_file

_BLOCK_BYTES = 4 << 20
_RETRIES = {"s3": {"config_kwargs": {"retries": {"mode": "standard", "max_attempts": 8}, "read_timeout": 60}}}


def filesystem(url: str) -> tuple[Any, str]:
    """The filesystem of a URL or path, and the path in it.

    Raises:
        InstallError: if the package for it is missing.
        SettingError: if there is no such kind of filesystem.
    """
    import fsspec

    protocol = url.partition("://")[0] if "://" in url else "file"
    try:
        fs, path = fsspec.url_to_fs(url, **_RETRIES.get(protocol, {}))
    except ImportError as exc:
        raise InstallError(f"{url}: {exc}") from exc
    except ValueError as exc:
        raise SettingError(f"{url}: {exc}; give a path, or a URL such as s3://BUCKET/FOLDER") from exc
    return fs, path


def is_remote(url: str) -> bool:
    """Whether something is not on a disk of this machine."""
    return "://" in url


@contextlib.contextmanager
def os_errors(url: str) -> Iterator[None]:
    """Raise what goes wrong in object storage, which has errors of its own, as OSError that names this URL."""
    try:
        yield
    except Exception as exc:
        if not is_remote(url) or (isinstance(exc, OSError) and exc.filename is not None):
            raise
        if isinstance(exc, OSError):
            raise type(exc)(exc.errno or errno.EIO, str(exc), url) from exc
        raise OSError(errno.EIO, f"{type(exc).__name__}: {exc}", url) from exc


class Folder:
    """A folder whose files are written whole or not at all.

    Args:
        url: of the folder; made when something is written.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._fs, self._root = filesystem(url)
        self._local = not is_remote(url)

    def path(self, name: str) -> str:
        """Its path or URL."""
        return f"{self.url.rstrip('/')}/{name}"

    def read(self, name: str) -> bytes:
        """The content of a file.

        Raises:
            OSError: if it cannot be read.
        """
        with os_errors(self.path(name)):
            return bytes(self._fs.cat_file(self._at(name)))

    def read_table(self, name: str, columns: Sequence[str] | None = None) -> Any:
        """A Parquet file as a table, or some of its columns.

        Raises:
            OSError: if it cannot be read.
        """
        import pyarrow
        import pyarrow.parquet

        # Threads of pyarrow's that read through Python abort a process that ends meanwhile.
        place = self._at(name) if self._local else pyarrow.BufferReader(self.read(name))
        return pyarrow.parquet.read_table(place, columns=columns, use_threads=False, partitioning=None)

    def exists(self, name: str) -> bool:
        """Whether there is such a file.

        Raises:
            OSError: if the storage cannot be reached.
        """
        self._fs.invalidate_cache()
        with os_errors(self.path(name)):
            return bool(self._fs.exists(self._at(name)))

    def names(self, folder: str = "") -> list[str]:
        """The files of a folder within, sorted; none where there is no such folder.

        Raises:
            OSError: if it cannot be listed.
        """
        self._fs.invalidate_cache()
        try:
            with os_errors(self.path(folder)):
                found = self._fs.ls(self._at(folder), detail=True)
        except FileNotFoundError:
            return []
        names = [str(entry["name"]).rsplit("/", 1)[-1] for entry in found if entry["type"] == "file"]
        return sorted(name for name in names if name and not name.endswith(".part"))

    def write(self, name: str, content: bytes) -> None:
        """Write a file: under another name that is then renamed, or in one request where that is whole or nothing.

        Raises:
            OSError: if it cannot be written.
        """
        if not self._local:
            with os_errors(self.path(name)):
                self._fs.pipe_file(self._at(name), content)
            return
        path = Path(self._at(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path, path.with_name(f"{path.name}.{os.getpid()}.part")) as file:
            file.write(content)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there.

        Raises:
            OSError: if it cannot be removed.
        """
        with contextlib.suppress(FileNotFoundError), os_errors(self.path(name)):
            self._fs.rm_file(self._at(name))

    def remove_leftovers(self, folder: str) -> None:
        """Remove what was never renamed, since its writer died."""
        place = Path(self._at(folder))
        if self._local and place.is_dir():
            for part in place.glob("*.part"):
                part.unlink(missing_ok=True)

    def _at(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}".rstrip("/")


@contextlib.contextmanager
def local_copy(url: str, most_bytes: int | None = None) -> Iterator[Path]:
    """A file on a disk of this machine: the file itself, or a copy that is removed afterwards.

    Args:
        url: of the file.
        most_bytes: to copy; all if None.

    Raises:
        SourceError: if it cannot be read.
    """
    if not is_remote(url):
        yield Path(url)
        return
    fs, path = filesystem(url)
    folder = Path(tempfile.mkdtemp(prefix="sed-scan-"))
    try:
        copy = folder / (path.rsplit("/", 1)[-1] or "file")
        try:
            with fs.open(path, "rb", block_size=_BLOCK_BYTES, cache_type="readahead") as source, copy.open("wb") as out:
                left = most_bytes
                while block := source.read(_BLOCK_BYTES if left is None else min(left, _BLOCK_BYTES)):
                    out.write(block)
                    left = None if left is None else left - len(block)
        except Exception as exc:  # each filesystem has errors of its own
            raise SourceError(f"{url}: cannot be read ({type(exc).__name__}: {exc})") from exc
        yield copy
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def opened_file(url: str) -> Iterator[Path | BinaryIO]:
    """A file to be read here and there: its path, or where it is not on a disk of this machine, opened.

    Raises:
        SourceError: if it cannot be opened.
    """
    if not is_remote(url):
        yield Path(url)
        return
    fs, path = filesystem(url)
    try:
        file = fs.open(path, "rb", block_size=_BLOCK_BYTES, cache_type="readahead")
    except Exception as exc:  # each filesystem has errors of its own
        raise SourceError(f"{url}: cannot be read ({type(exc).__name__}: {exc})") from exc
    with file:
        yield file
