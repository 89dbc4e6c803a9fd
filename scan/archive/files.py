"""The files of an archive, as users name them: folders, globs, single files and manifests."""

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from edge.errors import SourceError
from edge.sources import AUDIO_SUFFIXES
from edge.sources.recorders import Zone
from scan.archive.manifests import MANIFEST_SUFFIXES, manifest_rows
from scan.archive.storage import filesystem, is_remote, os_errors

# What a disk and Google's, S3's and Azure's storage call it; the last ones mark content.
_MODIFIED = ("mtime", "LastModified", "last_modified", "ETag", "etag")


class ArchiveFile(NamedTuple):
    """One file of an archive.

    Attributes:
        path: or URL.
        size: bytes; None if unknown.
        modified: when, in UTC, or a mark that changes with the content; "" if unknown.
        started_at: when its sound began, in UTC, if a manifest says so.
        source: which recorder it is of; "" if unknown.
    """

    path: str
    size: int | None = None
    modified: str = ""
    started_at: datetime | None = None
    source: str = ""


def archive_files(texts: Sequence[str], zone: Zone) -> Iterator[ArchiveFile]:
    """The files of some sources, in their order; those of a folder in order of their paths.

    Args:
        texts: each a folder, a glob, an audio file, or a manifest (.parquet, .csv).
        zone: of times in manifests that were written without one.

    Raises:
        SettingError: if a manifest is none.
        SourceError: if there is no such file, a folder may not be read, or holds no audio.
    """
    for text in texts:
        fs, path = filesystem(text)
        found = False
        for file in _files_of(text, fs, path, zone):
            found = True
            yield file
        if not found:
            raise SourceError(
                f"{text}: holds no audio file; expected some, in it or below it: {', '.join(sorted(AUDIO_SUFFIXES))}"
            )


def _files_of(text: str, fs: Any, path: str, zone: Zone) -> Iterator[ArchiveFile]:
    try:
        with os_errors(text):
            info = fs.info(path)
    except FileNotFoundError:
        info = None
    except OSError as exc:
        raise _unreadable(text, exc) from exc
    if info is not None and info["type"] == "directory":
        yield from _walk(text, fs, path)
    elif info is not None and PurePosixPath(path).suffix.lower() in MANIFEST_SUFFIXES:
        for row in manifest_rows(text, zone):
            yield _looked_up(ArchiveFile(**row))
    elif info is not None:
        yield _file(text, info)
    elif any(mark in text for mark in "*?["):
        with os_errors(text):
            found = fs.glob(path, detail=True)
        for place, each in sorted(found.items()):
            if each["type"] == "file":
                yield _file(_named(text, fs, place), each)
    else:
        raise SourceError(f"{text}: no such file; give a folder, a glob, an audio file, or a manifest (.parquet, .csv)")


def _walk(text: str, fs: Any, path: str) -> Iterator[ArchiveFile]:
    """The audio files below a folder; one folder's listing is in memory at a time."""
    try:
        with os_errors(text):
            found = fs.ls(path, detail=True, refresh=True) if is_remote(text) else fs.ls(path, detail=True)
    except OSError as exc:
        raise _unreadable(text, exc) from exc
    for entry in sorted(found, key=_name):
        name = PurePosixPath(entry["name"].rstrip("/")).name
        if name.startswith(".") or entry["name"].rstrip("/") == path.rstrip("/"):
            continue
        inner = f"{text.rstrip('/')}/{name}" if text.strip("/") else f"/{name}"
        if entry["type"] == "directory":
            if not entry.get("islink"):  # a link may lead back up
                yield from _walk(inner, fs, entry["name"])
        elif entry["type"] == "file" and PurePosixPath(name).suffix.lower() in AUDIO_SUFFIXES:
            yield _file(inner, entry)


def _name(entry: dict[str, Any]) -> str:
    return str(entry["name"])


def _file(path: str, info: dict[str, Any]) -> ArchiveFile:
    modified = next((info[key] for key in _MODIFIED if info.get(key)), "")
    if isinstance(modified, int | float):
        modified = datetime.fromtimestamp(modified, UTC)
    return ArchiveFile(
        path.encode(errors="replace").decode(),
        info.get("size"),
        modified.isoformat() if isinstance(modified, datetime) else str(modified),
    )


def _looked_up(file: ArchiveFile) -> ArchiveFile:
    """A file of a manifest, with its size if it is on a disk: only what is known to be long is split."""
    if file.size is not None or is_remote(file.path):
        return file
    try:
        known = os.stat(file.path)
    except OSError:
        return file  # its row will say why
    return file._replace(size=known.st_size, modified=datetime.fromtimestamp(known.st_mtime, UTC).isoformat())


def _named(text: str, fs: Any, place: str) -> str:
    """What a glob found, relative where the glob was, with its protocol where that had one."""
    if is_remote(text):
        return str(fs.unstrip_protocol(place))
    return place if os.path.isabs(text) else os.path.relpath(place)


def _unreadable(text: str, exc: OSError) -> SourceError:
    return SourceError(f"{text}: cannot be read ({exc.strerror or exc}); give what can be read, or the permission")
