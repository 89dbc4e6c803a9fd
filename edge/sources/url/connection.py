"""What comes over one connection: opened and decoded, as a file is or placed in time."""

import errno
import threading
import time
from collections.abc import Iterator, Mapping
from http.client import HTTPException

import av
from av.container import InputContainer
from av.stream import Discard

from edge.errors import SourceError
from edge.sources.audio import DecodedBlock, FrameJoiner, SharedStamps, choose_track, is_known
from edge.sources.source import Block, Item, State
from edge.sources.url.https import Fetch, first_bytes, https_fetcher, is_playlist
from edge.sources.url.placement import Placement
from edge.sources.url.playlists import entries_of, is_page

_TIMEOUT_SECONDS = 5.0
_SEGMENT_TIMEOUT_SECONDS = 15.0  # HLS: longer than the segments that are in use
_WAITED_SECONDS = 0.01  # for a block, which then came as it was made: it is the newest
_REST_SECONDS = 0.08  # in which no buffer of datagrams gets full, and none comes out of turn for good
_HTTP_REST_SECONDS = 0.5  # after which a break is noticed; about the first wait of the backoff, which is shorter for it
_BLOCK_SECONDS = 0.1  # least length of the blocks in which sound is handed on
WITH_LENGTH = ("wav", "w64", "flac", "aiff", "mov,mp4,m4a,3gp,3g2,mj2")  # whose headers say it
_LATE_FORMATS = ("mpegts", "flv", "hls", "mpeg")  # whose sound may begin later than their picture
# Bare samples are sometimes taken for GSM or the like, never for these.
_SURE_FORMATS = (*WITH_LENGTH, *_LATE_FORMATS, "aac", "asf", "au", "caf", "matroska,webm", "mp3", "ogg")
_RAW_FORMATS = {
    "audio/basic": "mulaw",
    "audio/x-mulaw": "mulaw",
    "audio/mulaw": "mulaw",
    "audio/pcmu": "mulaw",
    "audio/g711": "mulaw",
    "audio/x-alaw": "alaw",
    "audio/alaw": "alaw",
    "audio/pcma": "alaw",
    "audio/l16": "s16be",
}


class NoSoundError(Exception):
    """Something comes, but nothing that can be heard."""


class Playlist(Exception):  # noqa: N818  # no error: its entries are played
    """A playlist is there, not sound.

    Attributes:
        entries: as it writes them.
        url: where it was found in the end.
    """

    def __init__(self, entries: list[str], url: str) -> None:
        super().__init__()
        self.entries, self.url = entries, url


class UselessError(Exception):
    """What is there can never be heard."""


BROKEN = (av.error.FFmpegError, OSError, HTTPException, NoSoundError, UselessError)
"""What a connection raises as it breaks."""


def open_stream(url: str, protocol: str, options: Mapping[str, str]) -> InputContainer:
    """Connect.

    Raises:
        Playlist: if that is what is there.
        FFmpegError, OSError, HTTPException, NoSoundError, UselessError: if it fails.
    """
    if protocol not in ("http", "https"):
        return _open_with(url, options, _TIMEOUT_SECONDS)
    try:
        container = _open_http(url, protocol, options)
        if container.format.name in _SURE_FORMATS:
            return container
        raw = _raw_format(url, options)
        if raw is None:
            return container
        container.close()
    except (av.error.InvalidDataError, av.error.OSError, NoSoundError):
        raw = _raw_format(url, options)
        if raw is None:
            raise
    return _open_with(url, dict(options) | raw[1], _TIMEOUT_SECONDS, form=raw[0])


def _open_http(url: str, protocol: str, options: Mapping[str, str]) -> InputContainer:
    if protocol == "https":
        # FFmpeg checks no certificate when it fetches segments: it must not even begin to.
        fetch = https_fetcher(options)
        if is_playlist(url, fetch):
            return _open_with(url, options, _SEGMENT_TIMEOUT_SECONDS, fetch)
    container = _open_with(url, options, _TIMEOUT_SECONDS)
    if container.format.name != "hls":
        return container
    container.close()
    return _open_with(url, options, _SEGMENT_TIMEOUT_SECONDS)


def _raw_format(url: str, options: Mapping[str, str]) -> tuple[str, dict[str, str]] | None:
    """What FFmpeg makes nothing of: the format of bare samples, by their media type.

    Raises:
        Playlist, UselessError: if it is a playlist or a web page.
    """
    head = first_bytes(url, options)
    if head is None:
        return None
    entries = entries_of(head.data, head.url, head.media_type)
    if entries is not None:
        raise Playlist(entries, head.url)
    if is_page(head.data, head.media_type):
        raise UselessError("is a web page (HTML), no sound; give the URL of the stream itself")
    name = _RAW_FORMATS.get(head.media_type.lower())
    if name is None:
        return None
    rate, channels = head.parameters.get("rate", "8000"), head.parameters.get("channels", "1")
    if not (rate.isdecimal() and channels.isdecimal() and 0 < int(rate) <= 768_000 and 0 < int(channels) <= 64):
        return None
    return name, {"sample_rate": rate, "ch_layout": f"{channels}C" if int(channels) > 1 else "mono"}


def _open_with(
    url: str, options: Mapping[str, str], read_seconds: float, fetch: Fetch | None = None, form: str | None = None
) -> InputContainer:
    container = av.open(
        url,
        format=form,
        mode="r",
        # FFmpeg aborts where it wants to keep a connection that is not its own.
        options=dict(options) if fetch is None else dict(options) | {"http_persistent": "0", "http_multiple": "0"},
        timeout=(_TIMEOUT_SECONDS, read_seconds),
        metadata_errors="ignore",
        io_open=fetch,
    )
    if not container.streams.audio and container.streams and container.format.name not in _LATE_FORMATS:
        kinds = ", ".join(sorted({stream.type for stream in container.streams}))
        container.close()
        raise UselessError(f"has no sound track, only {kinds}; turn the sound on where it is made, or give another URL")
    if not any(is_known(stream) for stream in container.streams.audio):
        container.close()
        raise NoSoundError("holds no sound that can be decoded")
    return container


def take_track(container: InputContainer, track: str) -> None:
    """Have nothing but one sound track come, as `edge.sources.audio.choose_track` knows it.

    Raises:
        NoSoundError: if it cannot be decoded.
        UselessError: if there is no such track.
    """
    try:
        chosen = choose_track(container, track)
    except SourceError as exc:
        raise UselessError(str(exc)) from None
    if chosen is None:
        raise NoSoundError(f"holds no sound track {track} that can be decoded")
    for stream in container.streams:
        if stream.index != chosen.index:
            stream.discard = Discard.all


def _track_of(container: InputContainer) -> av.AudioStream:
    return next(stream for stream in container.streams.audio if stream.discard != Discard.all)


def is_http_end(exc: Exception) -> bool:
    """Whether a stream without a length is at its end: FFmpeg calls that an error."""
    return isinstance(exc, OSError) and exc.errno == errno.EIO


def blocks(
    container: InputContainer,
    coming: Iterator[DecodedBlock],
    placement: Placement,
    stopping: threading.Event,
    rest_seconds: float,
) -> Iterator[Item]:
    """What comes over one connection, until it ends; after the newest block it may be left alone for so long.

    Raises:
        FFmpegError, OSError, NoSoundError: as it breaks.
    """
    placement.connect(segmented=container.format.name == "hls")
    failure: Exception | None = None
    connected, asked = False, time.monotonic()
    try:
        for piece in coming:
            waited, ending = time.monotonic() - asked > _WAITED_SECONDS, stopping.is_set()
            if not connected:
                connected = True
                yield State("connected", _describe(container))
            for item in placement.push(piece, piece.arrived):
                yield item._replace(rest_seconds=rest_seconds) if waited and isinstance(item, Block) else item
            if waited and ending:  # what had come by then is in
                break
            asked = time.monotonic()
    except BROKEN as exc:
        failure = exc
    yield from placement.disconnect()
    if failure is not None:
        raise failure


def rest_seconds(container: InputContainer, protocol: str) -> float:
    """For how long what comes may wait in the system's buffers, and a break unnoticed."""
    if len(container.streams) > 1:
        return 0.0  # pictures would fill them
    return _HTTP_REST_SECONDS if protocol in ("http", "https") and container.format.name != "hls" else _REST_SECONDS


def _describe(container: InputContainer) -> str:
    stream = _track_of(container)
    return f"{stream.codec_context.name}, {stream.rate} Hz, {stream.codec_context.layout.name}"


def decoded_blocks(container: InputContainer) -> Iterator[DecodedBlock]:
    """What can be decoded, in blocks; what cannot is missing, as the time stamps after it tell."""
    joiner = FrameJoiner(_BLOCK_SECONDS)
    try:
        for frame, arrived in _frames(container):
            yield from joiner.push(frame, arrived)
    except Exception:
        yield from joiner.flush()
        raise
    yield from joiner.flush()


def _frames(container: InputContainer) -> Iterator[tuple[av.AudioFrame, float]]:
    """Those that can be decoded, and when they came; what came during a rest is late by no more than that."""
    wanted = _track_of(container).index
    last_sound, shared = time.monotonic(), SharedStamps(container)
    for packet in container.demux():
        arrived = time.monotonic()
        if packet.stream_index == wanted:
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                frames = []
            for frame in frames:
                assert isinstance(frame, av.AudioFrame)
                if shared.is_miscounted(packet, frame):
                    frame.pts = None
                yield frame, arrived
                last_sound = arrived
        if arrived - last_sound > _SEGMENT_TIMEOUT_SECONDS:
            raise NoSoundError("something comes, but no sound in it")
