"""Downloads: what comes over a connection, has an end, and is heard once, as a file is."""

import itertools
import threading
import time
from collections.abc import Iterator

import av
from av.container import InputContainer

from edge.sources.audio import DecodedBlock, late_seconds
from edge.sources.source import Block, Gap
from edge.sources.url.connection import BROKEN, WITH_LENGTH, decoded_blocks, is_http_end
from edge.sources.url.placement import Stamps

_JUDGED_SECONDS = 1.0  # in which a stream without a length shows whether it has an end
_LONGEST_BURST_SECONDS = 30.0  # of sound that a radio server sends at once
_STREAMED_BYTES = 0x7FFF_0000  # a WAV header that says so many says nothing


def arrivals(container: InputContainer, *, may_end: bool, asked: float) -> tuple[bool, Iterator[DecodedBlock]]:
    """What comes over one connection, and whether it is a download: has an end, and is heard as a file is.

    Where nothing tells, the first second does: what is at its end by then and brought more sound than time has passed,
    or comes faster than any burst, has one.

    Args:
        container: just opened.
        may_end: whether it comes by HTTP and was never heard before.
        asked: when the connection was begun, by `time.monotonic`.
    """
    coming = decoded_blocks(container)
    if is_download(container):
        return True, coming
    if not may_end or _is_radio(container) or container.format.name == "hls":
        return False, coming
    held: list[DecodedBlock] = []
    began, seconds = time.monotonic(), 0.0
    try:
        for block in coming:
            held.append(block)
            seconds += len(block.samples) / block.sample_rate
            if seconds > _LONGEST_BURST_SECONDS or block.arrived - began > _JUDGED_SECONDS:
                return seconds > _LONGEST_BURST_SECONDS, itertools.chain(held, coming)
    except BROKEN as exc:
        return is_http_end(exc) and seconds > time.monotonic() - asked, _and_then(held, exc)
    return seconds > time.monotonic() - asked, iter(held)


def _and_then(held: list[DecodedBlock], exc: Exception) -> Iterator[DecodedBlock]:
    yield from held
    raise exc


def is_download(container: InputContainer) -> bool:
    """Whether it is known to have an end. Some radio servers claim an enormous length; they give themselves away."""
    if _is_radio(container):
        return False
    if container.format.name == "hls":
        return container.duration is not None
    if container.format.name in ("rtsp", "sdp"):
        return False
    return container.size > 0 or _declared_seconds(container) > 0


def _declared_seconds(container: InputContainer) -> float:
    """The length that a header says, 0 where none does."""
    if container.format.name not in WITH_LENGTH or not container.duration or container.duration < 0:
        return 0.0
    seconds = container.duration / av.time_base
    return 0.0 if seconds * (container.bit_rate or 0) / 8 >= _STREAMED_BYTES else seconds


def _is_radio(container: InputContainer) -> bool:
    return any(key.lower().startswith("icy-") for key in container.metadata)


def download(
    container: InputContainer, coming: Iterator[DecodedBlock], stopping: threading.Event
) -> Iterator[Block | Gap]:
    """What a file holds."""
    stamps, samples, sample_rate, seconds = Stamps(), 0, 0, 0.0
    try:
        for piece in coming:
            if stopping.is_set():
                return
            if sample_rate == 0 and piece.stamp is not None and (late := late_seconds(container, piece.stamp)):
                yield Gap(late, "absent")
            if piece.sample_rate != sample_rate:
                stamps, samples, sample_rate = Stamps(), 0, piece.sample_rate
            hole = stamps.hole(piece, samples)
            if hole > 0:
                yield Gap(hole / sample_rate, "decode")
                samples += hole
            samples += len(piece.samples)
            seconds += len(piece.samples) / sample_rate
            yield Block(piece.samples, sample_rate)
    except BROKEN as exc:
        if container.size > 0 or not is_http_end(exc) or seconds < _declared_seconds(container) - 1.0:
            raise
