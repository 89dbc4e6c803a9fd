"""What comes over one connection: opened and decoded, as a file is or placed in time."""

import threading
import time
from collections.abc import Iterator, Mapping
from http.client import HTTPException

import av
import numpy as np
from av.container import InputContainer
from av.stream import Discard

from edge.sources.audio import is_known
from edge.sources.source import Block, Gap, Item, State
from edge.sources.url.https import Fetch, https_fetcher, is_playlist
from edge.sources.url.placement import Placement, StampedBlock, Stamps

_TIMEOUT_SECONDS = 5.0
_SEGMENT_TIMEOUT_SECONDS = 15.0  # HLS: longer than the segments that are in use


class NoSoundError(Exception):
    """Something comes, but nothing that can be heard."""


BROKEN = (av.error.FFmpegError, OSError, HTTPException, NoSoundError)
"""What a connection raises as it breaks."""


def open_stream(url: str, protocol: str, options: Mapping[str, str]) -> InputContainer:
    """Connect.

    Raises:
        FFmpegError, OSError, HTTPException, NoSoundError: if that fails.
    """
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


def _open_with(url: str, options: Mapping[str, str], read_seconds: float, fetch: Fetch | None = None) -> InputContainer:
    container = av.open(
        url,
        mode="r",
        # FFmpeg aborts where it wants to keep a connection that is not its own.
        options=dict(options) if fetch is None else dict(options) | {"http_persistent": "0", "http_multiple": "0"},
        timeout=(_TIMEOUT_SECONDS, read_seconds),
        metadata_errors="ignore",
        io_open=fetch,
    )
    if not container.streams.audio or not is_known(container.streams.audio[0]):
        container.close()
        raise NoSoundError("holds no sound that can be decoded")
    for stream in container.streams:
        if stream.index != container.streams.audio[0].index:
            stream.discard = Discard.all
    return container


def is_download(container: InputContainer) -> bool:
    """Whether it has an end. Some radio servers claim an enormous length; they give themselves away."""
    if any(key.lower().startswith("icy-") for key in container.metadata):
        return False
    if container.format.name == "hls":
        return container.duration is not None
    return container.format.name not in ("rtsp", "sdp") and container.size > 0


def download(container: InputContainer, stopping: threading.Event) -> Iterator[Block | Gap]:
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


def blocks(container: InputContainer, placement: Placement, stopping: threading.Event) -> Iterator[Item]:
    """What comes over one connection, until it ends.

    Raises:
        FFmpegError, OSError, NoSoundError: as it breaks.
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
    except BROKEN as exc:
        failure = exc
    yield from placement.disconnect()
    if failure is not None:
        raise failure


def _describe(container: InputContainer) -> str:
    stream = container.streams.audio[0]
    return f"{stream.codec_context.name}, {stream.rate} Hz, {stream.codec_context.layout.name}"


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
            raise NoSoundError("something comes, but no sound in it")
