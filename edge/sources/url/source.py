"""Streams by URL, decoded by FFmpeg: opened, placed in time, and opened again when they break."""

import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from edge.errors import SourceError
from edge.sources.arrival import Backoff
from edge.sources.source import Block, Item, State
from edge.sources.url.camera import Asking
from edge.sources.url.connection import BROKEN, Playlist, blocks, is_http_end, open_stream, rest_seconds, take_track
from edge.sources.url.downloads import arrivals, download
from edge.sources.url.entries import play
from edge.sources.url.failures import explain
from edge.sources.url.placement import Placement
from edge.sources.url.playlists import on_network
from edge.sources.url.urls import OPTIONS, SECRET_OPTIONS, ffmpeg_options, protocol_of, redacted

ENDED = "the stream ended"
_MOST_AHEAD_SECONDS = 60.0
_DEEPEST = 8  # playlists in playlists


class UrlSource:
    """What a URL gives: an Icecast or HLS stream, a camera's RTSP, MPEG-TS by UDP, RTP by its SDP file, or a download.

    A stream that ends or breaks is opened again, with growing waits of at most three seconds, until `stopping` is set.
    So is one that cannot be opened yet: a `retrying` state says why, again only where the reason changes. Only what no
    further try can mend is an error at once, and only before the first sound: a server that refuses (HTTP 400, 401,
    403 and the like, but 404 is a mount to which nobody plays yet), and a certificate that is not trusted.

    A download (a file of known length, or an HLS playlist that is complete) is heard as a file is, as fast as it
    comes and once: `live` turns False before its first block, and its blocks have no time of day.

    Args:
        url: with user and password if it needs any; they are never written anywhere.
        name: as the log names it; `edge.sources.url.urls.redacted` makes one.
        options: FFmpeg's, by name; those of `edge.sources.url.urls.OPTIONS`.
        once: a stream that ends is at its end, one that breaks or cannot be opened is an error.
        track: as `edge.sources.audio.choose_track` knows it.

    Raises:
        SourceError: if it is no URL that can be heard.
        SettingError: if its protocol has no such option, or an option no such value.
    """

    def __init__(
        self,
        url: str,
        *,
        name: str,
        options: Mapping[str, str] | None = None,
        once: bool = False,
        track: str = "default",
    ) -> None:
        self.name, self.live, self._track = name, True, track
        self._once, self._protocol = once, protocol_of(url)
        # FFmpeg knows a protocol in small letters only.
        self._url = url if self._protocol == "sdp" else self._protocol + url[len(self._protocol) :]
        self._given = {} if options is None else dict(options)
        alone = self._protocol in ("rtsp", "rtsps") and "allowed_media_types" not in self._given
        self._asking = Asking(ffmpeg_options(url, self._given), may_change=alone)
        self._placement = Placement()
        self._path: set[str] = set()  # the playlists that led here
        if self._protocol == "sdp" and not Path(url).is_file():
            raise SourceError(f"{url}: no such file; give the .sdp file that describes the RTP stream")

    def items(self, stopping: threading.Event) -> Iterator[Item]:
        """See `Source.items`."""
        placement = self._placement
        # Nobody is bothered by a second socket that waits for datagrams, and those of a closed one are lost.
        backoff = Backoff(0.1, 0.5) if self._protocol in ("udp", "sdp") else Backoff(0.5, 3.0)
        told, lost = None, False
        while not stopping.is_set():
            heard, rested, began = 0.0, 0.0, time.monotonic()
            why, changed, sounded = ENDED, False, False
            try:
                for item in self._connection(placement, stopping):
                    if not sounded and self.live:
                        sounded, lost, told = True, False, None
                    heard += item.seconds if isinstance(item, Block) else 0.0
                    self._asking.heard(heard)
                    if placement.settled:
                        backoff.reset()
                    given = time.monotonic()
                    yield item
                    if isinstance(item, Block) and item.rest_seconds > 0.0:
                        rested = time.monotonic() - given  # in which it may have broken
                changed = not self._once and self._asking.failed(None)
            except Playlist as found:
                try:
                    yield from self._entries(found, stopping)
                except SourceError as exc:
                    if self._once or placement.heard_until is None:
                        raise
                    why = str(exc)  # a radio that was heard may come back
                if not self.live:
                    return
            except BROKEN as exc:
                if not (sounded and self._protocol in ("http", "https") and is_http_end(exc)):
                    changed = self._asking.failed(exc)
                    why = self._why(exc, final=not changed, heard=placement.heard_until is not None)
            if not self.live or (self._once and not changed) or self._was_whole(heard, time.monotonic() - began):
                return
            if stopping.is_set():
                break
            lost = True
            if sounded:
                yield State("lost", why)
            if why != told and not changed:
                told = why
                yield State("retrying", why)
            stopping.wait(max(0.0, backoff.next() - rested))
        if lost:
            yield from placement.missing_until(time.monotonic())

    def _connection(self, placement: Placement, stopping: threading.Event) -> Iterator[Item]:
        """What comes over one connection."""
        asked = time.monotonic()
        with open_stream(self._url, self._protocol, self._asking.options) as container:
            take_track(container, self._track)
            may_end = self._protocol in ("http", "https") and placement.heard_until is None
            ends, coming = arrivals(container, may_end=may_end, asked=asked)
            if ends:
                self.live = False
                yield from download(container, coming, stopping)
                return
            rest = rest_seconds(container, self._protocol)
            for item in blocks(container, coming, placement, stopping, rest):
                if isinstance(item, State) and len(container.streams) > 1:
                    item = item._replace(detail=item.detail + self._asking.note())
                yield item

    def _was_whole(self, heard_seconds: float, seconds: float) -> bool:
        """Whether a connection that ended brought more than was made meanwhile: a download over a slow line."""
        return self._protocol in ("http", "https") and heard_seconds > 1.5 * seconds + _MOST_AHEAD_SECONDS

    def _why(self, exc: Exception, *, final: bool, heard: bool) -> str:
        """In words why it broke.

        Raises:
            SourceError: if no other try is made.
        """
        why, pointless = explain(exc, self._url, self._protocol, self._asking.options)
        if final and (self._once or not self.live or (pointless and not heard)):
            # The exception itself has the URL in it, password and all.
            raise SourceError(f"{self.name}: {why}") from None
        return why

    def _entries(self, found: Playlist, stopping: threading.Event) -> Iterator[Item]:
        """Play a playlist from the network, which leads to the network only."""
        path = {*self._path, self._url, found.url}
        if len(path) > _DEEPEST:
            raise SourceError(f"{self.name}: playlists lead to playlists, {_DEEPEST} deep; give the URL of a stream")

        def opened(entry: str) -> UrlSource:
            url = on_network(entry, found.url)
            if url is None:
                raise SourceError(f"{self.name}: {redacted(entry)} leads away from the network, which no playlist may")
            if url in path:
                raise SourceError(f"{self.name}: {redacted(url)} leads in a circle")
            known = OPTIONS[protocol_of(url)]
            own = _place(url) == _place(self._url)
            kept = {k: v for k, v in self._given.items() if k in known and (own or k not in SECRET_OPTIONS)}
            once = self._once or len(found.entries) > 1
            child = UrlSource(url, name=self.name, options=kept, once=once, track=self._track)
            child._path, child._placement = path, self._placement
            return child

        yield from play(self, found.entries, opened, stopping)


def _place(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme.lower(), parts.hostname, parts.port
