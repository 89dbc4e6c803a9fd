"""A recording from one of its samples on, as the whole recording has it: WAVE and FLAC.

Other formats decode a frame with what came before it, so that nothing but the whole recording is exact there.
"""

import contextlib
import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO, NamedTuple

import av
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray

from edge.errors import SourceError
from edge.sources import FrameJoiner, read_wave_header

_MOST_BEHIND_SECONDS = 0.1  # of bytes behind the samples: metadata; more may be sound that the header conceals


class Recording(NamedTuple):
    """A recording to read from.

    Attributes:
        name: as the log names it.
        file: its path, or the opened file where it is not on a disk of this machine.
    """

    name: str
    file: Path | BinaryIO

    @contextlib.contextmanager
    def open(self) -> Iterator[InputContainer]:
        """Its container.

        Raises:
            SourceError: if it cannot be opened or read.
        """
        try:
            if not isinstance(self.file, Path):
                self.file.seek(0)
            place = str(self.file.absolute()) if isinstance(self.file, Path) else self.file
            with av.open(place, mode="r", metadata_errors="ignore") as container:
                yield container
        except (av.error.FFmpegError, OSError, ValueError) as exc:
            raise SourceError(f"{self.name}: cannot be read ({exc})") from exc


class Outline(NamedTuple):
    """What is known of a recording that can be entered anywhere.

    Attributes:
        sample_rate: Hz.
        channels: of all of its frames.
        samples: that it declares.
    """

    sample_rate: int
    channels: int
    samples: int


class Irregular(Exception):  # noqa: N818  # not an error: the whole recording is processed then
    """An excerpt is not what the outline promises, because of damage or a change of format."""


def outline_of(recording: Recording) -> Outline | None:
    """The outline of a recording; None if it cannot be entered.

    Raises:
        SourceError: if it cannot be opened.
    """
    if not _header_is_true(recording):
        return None
    with recording.open() as container:
        streams = container.streams
        if len(streams) != 1 or len(streams.audio) != 1:
            return None
        stream, form = streams.audio[0], container.format.name
        codec = "" if stream.codec_context is None else stream.codec_context.name
        if not (form == codec == "flac" or (form == "wav" and codec.startswith("pcm_"))):
            return None
        if not stream.rate or not stream.duration or stream.time_base is None:
            return None
        return Outline(stream.rate, stream.channels, round(stream.duration * stream.time_base * stream.rate))


def _header_is_true(recording: Recording) -> bool:
    """Whether the header of a WAVE says what the file holds, in words that FFmpeg reads right."""
    with contextlib.ExitStack() as stack:
        try:
            opened = recording.file
            file = stack.enter_context(opened.open("rb")) if isinstance(opened, Path) else opened
            file.seek(0)
            wave = read_wave_header(file)
            if wave is None:
                return True
            behind = file.seek(0, os.SEEK_END) - wave.data_start - (wave.declared_bytes or 0)
        except OSError as exc:
            raise SourceError(f"{recording.name}: cannot be read ({exc.strerror or exc})") from exc
    known = wave.declared_bytes is not None and not wave.patches
    return known and 0 <= behind <= wave.byte_rate * _MOST_BEHIND_SECONDS


def read_excerpt(
    container: InputContainer, outline: Outline, begin: int, end: int | None
) -> Iterator[NDArray[np.float32]]:
    """The samples from `begin` to `end`, or to the recording's own end if None, as `[samples, channels]`.

    Raises:
        FFmpegError, OSError: if nothing more can be read.
        Irregular: if they are not all there, one after another, in the outline's format.
    """
    joiner, position = FrameJoiner(block_seconds=0.0), begin
    for frame in _frames_from(container, begin):
        if (frame.rate, frame.layout.nb_channels) != (outline.sample_rate, outline.channels):
            raise Irregular("changes its rate or channels")
        if frame.pts is None or frame.time_base is None:
            raise Irregular("has no time stamps")
        place = round(frame.pts * frame.time_base * frame.rate)
        for piece in joiner.push(frame):
            first, place = place, place + len(piece.samples)
            if place <= position == begin:
                continue  # of before the excerpt
            if first > position or first < position != begin:
                raise Irregular("lacks samples, or has some twice")
            stop = place if end is None else min(place, end)
            yield piece.samples[position - first : stop - first]
            position = stop
            if position == end:
                return
    if end is not None or position < outline.samples:
        raise Irregular("ends before its time")


def _frames_from(container: InputContainer, sample: int) -> Iterator[av.AudioFrame]:
    """Decoded frames from the one that holds a sample, or an earlier one."""
    stream = container.streams.audio[0]
    if sample > 0:
        assert stream.rate and stream.time_base is not None
        container.seek(int(Fraction(sample, stream.rate) / stream.time_base), stream=stream)
    for packet in container.demux(stream):
        if packet.is_corrupt:
            raise Irregular("is damaged")
        try:
            yield from packet.decode()
        except av.error.FFmpegError as exc:
            raise Irregular("is damaged") from exc
