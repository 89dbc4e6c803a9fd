"""Streams by URL, decoded by FFmpeg: opened, placed in time, and opened again when they break."""

import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from edge.errors import SourceError
from edge.sources.arrival import Backoff
from edge.sources.source import Item, State
from edge.sources.url.connection import BROKEN, blocks, download, is_download, open_stream
from edge.sources.url.failures import explain, is_end
from edge.sources.url.placement import Placement
from edge.sources.url.urls import ffmpeg_options, protocol_of

_ENDED = "the stream ended"


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

    Raises:
        SourceError: if it is no URL that can be heard.
        SettingError: if its protocol has no such option, or an option no such value.
    """

    def __init__(self, url: str, *, name: str, options: Mapping[str, str] | None = None, once: bool = False) -> None:
        self.name, self.live = name, True
        self._url, self._once, self._protocol = url, once, protocol_of(url)
        self._options = ffmpeg_options(url, {} if options is None else options)
        if self._protocol == "sdp" and not Path(url).is_file():
            raise SourceError(f"{url}: no such file; give the .sdp file that describes the RTP stream")

    def items(self, stopping: threading.Event) -> Iterator[Item]:
        """See `Source.items`."""
        placement = Placement()
        # Nobody is bothered by a second socket that waits for datagrams, and those of a closed one are lost.
        backoff = Backoff(0.1, 0.5) if self._protocol in ("udp", "sdp") else Backoff(0.5, 3.0)
        told, lost = None, False
        while not stopping.is_set():
            sounded = False
            try:
                with open_stream(self._url, self._protocol, self._options) as container:
                    if is_download(container):
                        self.live = False
                        yield from download(container, stopping)
                        return
                    for item in blocks(container, placement, stopping):
                        if not sounded:
                            sounded, lost, told = True, False, None
                        if placement.settled:
                            backoff.reset()
                        yield item
                why = _ENDED
            except BROKEN as exc:
                ended = sounded and is_end(exc, self._protocol)
                why, final = (_ENDED, False) if ended else self._explain(exc)
                if why != _ENDED and (self._once or not self.live or (final and placement.heard_until is None)):
                    # The exception itself has the URL in it, password and all.
                    raise SourceError(f"{self.name}: {why}") from None
            if self._once:
                return
            if stopping.is_set():
                break
            lost = True
            if sounded:
                yield State("lost", why)
            if why != told:
                told = why
                yield State("retrying", why)
            stopping.wait(backoff.next())
        if lost:
            yield from placement.missing_until(time.monotonic())

    def _explain(self, exc: Exception) -> tuple[str, bool]:
        return explain(exc, self._url, self._protocol, self._options)
