"""Plays the entries of a playlist, one after another, as one source."""

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from edge.errors import SedError, SourceError
from edge.sources.source import Block, Item, Source, State
from edge.sources.url.playlists import SUFFIXES, entries_of

_MOST_BYTES = 1_000_000


class _Whole(Protocol):
    """The source that a playlist is."""

    name: str
    live: bool


def play(
    whole: _Whole, entries: Sequence[str], opened: Callable[[str], Source], stopping: threading.Event
) -> Iterator[Item]:
    """What the entries say. One that cannot be heard is told and left out; so is one that is live if others are not.

    Args:
        whole: takes over from each entry whether it is live.
        entries: as the playlist writes them.
        opened: makes a source of an entry, or raises SedError.
        stopping: ends it once it is set.

    Raises:
        SourceError: if none can be opened.
    """
    if not entries:
        raise SourceError(f"{whole.name}: is a playlist without entries; give one that names a stream or a file")
    kind: bool | None = None
    failures: list[str] = []
    for entry in entries:
        if stopping.is_set():
            return
        try:
            source = opened(entry)
            for item in source.items(stopping):
                if isinstance(item, Block) and kind not in (None, source.live):
                    raise SourceError(f"{whole.name}: an entry that is live, among others that are not; it is left out")
                if isinstance(item, Block):
                    kind = source.live
                whole.live = source.live
                yield item
        except SedError as exc:
            failures.append(str(exc))
            if len(entries) > 1:
                yield State("retrying", f"the next entry of the playlist, after: {exc}")
    if kind is None and failures:
        raise SourceError(failures[0] if len(entries) == 1 else f"{failures[0]} (as the other entries, none is heard)")


def is_playlist_file(source: str) -> bool:
    """Whether it is a file on this machine that is a playlist, and not HLS."""
    path = Path(source)
    return source.lower().endswith(SUFFIXES) and path.is_file() and _read(path) is not None


class PlaylistFile:
    """A playlist on this machine: its entries are files and URLs, relative to its folder.

    Args:
        path: of the playlist.
        name: as the log names it.
        opened: makes a source of a path or a URL.
        led: the playlists that led here.
    """

    def __init__(
        self, path: str, *, name: str, opened: Callable[[str, frozenset[Path]], Source], led: frozenset[Path]
    ) -> None:
        self._path, self._opened, self._led = Path(path), opened, led
        self.name, self.live = name, False

    def items(self, stopping: threading.Event) -> Iterator[Item]:
        """See `Source.items`."""
        led = self._led | {self._path.resolve()}

        def opened(entry: str) -> Source:
            place = _place(entry, self._path.parent)
            if isinstance(place, str):
                return self._opened(place, led)
            if place.resolve() in led:
                raise SourceError(f"{self.name}: {place} leads in a circle; take it out of the playlist")
            return self._opened(str(place), led)

        yield from play(self, _read(self._path) or [], opened, stopping)


def _read(path: Path) -> list[str] | None:
    try:
        with path.open("rb") as file:
            return entries_of(file.read(_MOST_BYTES), path.name)
    except OSError as exc:
        raise SourceError(f"{path}: {exc.strerror}; give a file that can be read") from None


def _place(entry: str, folder: Path) -> str | Path:
    """A URL as it is, a file by its full path."""
    if entry.lower().startswith("file:"):
        return Path(unquote(urlsplit(entry).path))
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", entry):
        return entry
    direct = (folder / entry).absolute()
    return direct if direct.exists() else (folder / unquote(entry.replace("\\", "/"))).absolute()
