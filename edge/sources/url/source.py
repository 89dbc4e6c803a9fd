"""Streams by URL, decoded by FFmpeg: opened, placed in time, and opened again when they break."""

import base64
import errno
import http.client
import socket
import ssl
import string
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import av
import numpy as np
from av.container import InputContainer
from av.stream import Discard

from edge.errors import SourceError
from edge.sources.arrival import Backoff
from edge.sources.audio import is_known
from edge.sources.source import Block, Gap, Item, State
from edge.sources.url.placement import Placement, StampedBlock, Stamps
from edge.sources.url.urls import ffmpeg_options, protocol_of

_ENDED = "the stream ended"
_TIMEOUT_SECONDS = 5.0
_SEGMENT_TIMEOUT_SECONDS = 15.0  # HLS: longer than the segments that are in use
# Answers that another try will not change. Not 404: a mount is missing as long as nobody plays to it.
_REFUSALS = (
    av.error.HTTPBadRequestError,
    av.error.HTTPForbiddenError,
    av.error.HTTPUnauthorizedError,
    av.error.HTTPOtherClientError,
)


_Fetch = Callable[[str, int, dict[str, str]], Any]  # as PyAV's io_open


class _NoSoundError(Exception):
    """Something comes, but nothing that can be heard."""


_BROKEN = (av.error.FFmpegError, OSError, http.client.HTTPException, _NoSoundError)


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
                with self._open() as container:
                    if _is_download(container):
                        self.live = False
                        yield from _download(container, stopping)
                        return
                    for item in _blocks(container, placement, stopping):
                        if not sounded:
                            sounded, lost, told = True, False, None
                        if placement.settled:
                            backoff.reset()
                        yield item
                why = _ENDED
            except _BROKEN as exc:
                why, final = (_ENDED, False) if sounded and self._is_end(exc) else self._explain(exc)
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

    def _open(self) -> InputContainer:
        if self._protocol == "https":
            # FFmpeg checks no certificate when it fetches segments: it must not even begin to.
            fetch = _https_fetcher(self._options)
            if _is_playlist(self._url, fetch):
                return self._open_with(_SEGMENT_TIMEOUT_SECONDS, fetch)
        container = self._open_with(_TIMEOUT_SECONDS)
        if container.format.name != "hls":
            return container
        container.close()
        return self._open_with(_SEGMENT_TIMEOUT_SECONDS)

    def _open_with(self, read_seconds: float, fetch: _Fetch | None = None) -> InputContainer:
        container = av.open(
            self._url,
            mode="r",
            # FFmpeg aborts where it wants to keep a connection that is not its own.
            options=self._options if fetch is None else self._options | {"http_persistent": "0", "http_multiple": "0"},
            timeout=(_TIMEOUT_SECONDS, read_seconds),
            metadata_errors="ignore",
            io_open=fetch,
        )
        if not container.streams.audio or not is_known(container.streams.audio[0]):
            container.close()
            raise _NoSoundError("holds no sound that can be decoded")
        for stream in container.streams:
            if stream.index != container.streams.audio[0].index:
                stream.discard = Discard.all
        return container

    def _is_end(self, exc: Exception) -> bool:
        """Whether a stream without a length is at its end: FFmpeg calls that an error."""
        return self._protocol in ("http", "https") and isinstance(exc, OSError) and exc.errno == errno.EIO

    def _explain(self, exc: Exception) -> tuple[str, bool]:
        """Why it broke, in words without secrets, and whether another try is pointless."""
        if isinstance(exc, _NoSoundError):
            return str(exc), False
        if isinstance(exc, av.error.ExitError | TimeoutError):
            return "nothing came for some seconds", False
        if isinstance(exc, av.error.InvalidDataError):
            return "holds no sound that can be decoded", False
        if self._protocol in ("https", "rtsps"):
            refused = _refused_certificate(self._url, self._options)
            if refused is not None:
                return (
                    f"its certificate is not trusted ({refused}); give option ca_file=FILE with the certificate to "
                    "trust, or tls_verify=0 to trust anybody",
                    True,
                )
        hint = "; check user and password" if isinstance(exc, av.error.HTTPUnauthorizedError) else ""
        text = exc.strerror if isinstance(exc, OSError | av.error.FFmpegError) else None
        return f"{text or type(exc).__name__}{hint}", isinstance(exc, _REFUSALS)


def _is_download(container: InputContainer) -> bool:
    """Whether it has an end. Some radio servers claim an enormous length; they give themselves away."""
    if any(key.lower().startswith("icy-") for key in container.metadata):
        return False
    if container.format.name == "hls":
        return container.duration is not None
    return container.format.name not in ("rtsp", "sdp") and container.size > 0


def _download(container: InputContainer, stopping: threading.Event) -> Iterator[Block | Gap]:
    """What a file holds."""
    stamps, samples, sample_rate = Stamps(), 0, 0
    for piece in _pieces(container):
        if stopping.is_set():
            return
        if piece.sample_rate != sample_rate:
            stamps, samples, sample_rate = Stamps(), 0, piece.sample_rate
        hole = stamps.hole(piece, samples)
        if hole > 0:
            yield Gap(hole / sample_rate, "decode")
            samples += hole
        samples += len(piece.samples)
        yield Block(piece.samples, sample_rate)


def _blocks(container: InputContainer, placement: Placement, stopping: threading.Event) -> Iterator[Item]:
    """What comes over one connection, until it ends.

    Raises:
        FFmpegError, OSError, _NoSoundError: as it breaks.
    """
    placement.connect(segmented=container.format.name == "hls")
    failure: Exception | None = None
    connected = False
    try:
        for piece in _pieces(container):
            arrived = time.monotonic()
            if not connected:
                connected = True
                yield State("connected", _describe(container))
            yield from placement.push(piece, arrived)
            if stopping.is_set():
                break
    except _BROKEN as exc:
        failure = exc
    yield from placement.disconnect()
    if failure is not None:
        raise failure


def _pieces(container: InputContainer) -> Iterator[StampedBlock]:
    """What can be decoded; what cannot is missing, as the time stamps after it tell."""
    wanted = container.streams.audio[0].index
    last_sound = time.monotonic()
    form, converter = None, None
    for packet in container.demux():
        if packet.stream_index == wanted:
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                frames = []
            for frame in frames:
                assert isinstance(frame, av.AudioFrame)
                if frame.samples == 0 or frame.rate <= 0:
                    continue
                if converter is None or form != (frame.format.name, frame.layout.name, frame.rate):
                    form = (frame.format.name, frame.layout.name, frame.rate)
                    converter = av.AudioResampler(format="flt")
                stamp = None if frame.pts is None or frame.time_base is None else float(frame.pts * frame.time_base)
                for converted in converter.resample(frame):
                    samples = converted.to_ndarray().reshape(-1, frame.layout.nb_channels)
                    yield StampedBlock(samples.astype(np.float32, copy=False), frame.rate, stamp)
                last_sound = time.monotonic()
        if time.monotonic() - last_sound > _SEGMENT_TIMEOUT_SECONDS:
            raise _NoSoundError("something comes, but no sound in it")


def _describe(container: InputContainer) -> str:
    stream = container.streams.audio[0]
    return f"{stream.codec_context.name}, {stream.rate} Hz, {stream.codec_context.layout.name}"


def _tls_context(options: Mapping[str, str]) -> ssl.SSLContext:
    """What FFmpeg is told about certificates, for Python."""
    context = ssl.create_default_context(cafile=options.get("ca_file"))
    if options.get("tls_verify") == "0":
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if "cert_file" in options:
        context.load_cert_chain(options["cert_file"], options.get("key_file"))
    return context


def _refused_certificate(url: str, options: Mapping[str, str]) -> str | None:
    """Why the server's certificate is not trusted, if it is not: FFmpeg only says that something went wrong."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    port = parts.port or (443 if parts.scheme.lower() == "https" else 322)
    try:
        with socket.create_connection((parts.hostname, port), timeout=_TIMEOUT_SECONDS) as plain:
            _tls_context(options).wrap_socket(plain, server_hostname=parts.hostname).close()
    except ssl.SSLCertVerificationError as exc:
        return exc.verify_message
    except (OSError, ValueError):
        pass
    return None


def _is_playlist(url: str, fetch: _Fetch) -> bool:
    """Whether it is HLS, whose playlist leads elsewhere."""
    try:
        with fetch(url, 0, {}) as answer:
            return bool(answer.read(7) == b"#EXTM3U")
    except TimeoutError:
        raise
    except (OSError, http.client.HTTPException):
        return False  # FFmpeg will say what is wrong


def _https_fetcher(options: Mapping[str, str]) -> _Fetch:
    """Fetches the playlists and segments of an HLS stream, each from a server whose certificate is checked."""
    context = _tls_context(options)
    headers = dict(_header(line) for line in options.get("headers", "").splitlines() if ":" in line)
    headers |= {"User-Agent": options.get("user_agent", "sed-stream")}
    if "referer" in options:
        headers["Referer"] = options["referer"]
    if "cookies" in options:
        headers["Cookie"] = "; ".join(line.partition(";")[0] for line in options["cookies"].splitlines())

    def fetch(url: str, _flags: int, _options: dict[str, str]) -> Any:
        try:
            request = _request(url, headers)
            return urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS, context=context)
        except urllib.error.URLError as exc:
            if isinstance(exc.reason, TimeoutError):
                raise TimeoutError from None
            raise OSError(errno.EIO, f"a part of it cannot be fetched: {exc.reason}") from None
        except ValueError:
            raise OSError(errno.EIO, "a part of it has a URL that is none") from None

    return fetch


def _request(url: str, headers: Mapping[str, str]) -> urllib.request.Request:
    # FFmpeg sends other characters than those of ASCII as they are, which Python does not.
    parts = urlsplit(quote(url, safe=string.punctuation))
    if parts.scheme not in ("http", "https"):
        raise OSError(errno.EPROTONOSUPPORT, "a playlist that leads elsewhere")
    secret = dict(headers)
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        secret["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    request = urllib.request.Request(parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl())
    for name, value in secret.items():
        request.add_unredirected_header(name, value)
    return request


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip(), value.strip()
