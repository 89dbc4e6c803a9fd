"""One container, decoded: what could not be is silence of its length."""

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

import av
import numpy as np
from av.container import InputContainer

from edge.sources.audio.bare import BareFrames, is_bare
from edge.sources.audio.frames import DecodedBlock, FrameJoiner

# Time stamps of some formats are coarse, and those of damaged files are not to be believed too far.
_LEAST_HOLE_SECONDS, _GREATEST_HOLE_SECONDS = 0.02, 3600.0
# Of these one time stamp is for several frames: FFmpeg makes the others, by the rate at which the file began.
_SHARED_STAMPS = {"mpegts", "mpeg", "hls", "aac"}

Packet: TypeAlias = "av.Packet[av.AudioStream]"


class Part:
    """Decodes the chosen track of a container.

    Args:
        container: opened.
        stream: one of its sound tracks.
        block_seconds: least length of the blocks that it gives.
        path: of the file that the container is; None where it is none.
        has_length: whether the length that FFmpeg gives is to be believed.

    Attributes:
        damaged: whether something of it, so far, could not be decoded.
        late_seconds: of picture before the first sound; known with the first piece.
        heard_seconds: so far, without what was lost.
    """

    def __init__(
        self,
        container: InputContainer,
        stream: av.AudioStream,
        *,
        block_seconds: float,
        path: Path | None = None,
        has_length: bool = True,
    ) -> None:
        self._block_seconds, self._path, self._has_length = block_seconds, path, has_length
        self._container, self._stream = container, stream
        self.damaged = False
        self.late_seconds = self.heard_seconds = 0.0
        self._rate, self._samples = 0, 0
        self._origin: int | None = None
        self._time_base: Fraction | None = None
        self._bare: BareFrames | None = None
        self._shared = SharedStamps(container)

    def pieces(self) -> Iterator[DecodedBlock]:
        """What it holds, as it comes; where its sound begins late, silence stands before it (`lost`).

        Raises:
            FFmpegError, OSError, ValueError: if nothing more can be read.
        """
        with contextlib.ExitStack() as stack:
            if is_bare(self._container):
                # FFmpeg leaves out what it takes for no frame of AAC; of the others it hands out all.
                reread = self._container.format.name == "aac" and self._path is not None and self._path.is_file()
                self._bare = stack.enter_context(contextlib.closing(BareFrames(self._path if reread else None)))
            yield from self._pieces()

    def _pieces(self) -> Iterator[DecodedBlock]:
        joiner = FrameJoiner(self._block_seconds)
        channels = max(1, self._stream.channels)
        try:
            for packet, frame in self._frames():
                if frame is None:
                    self.damaged = True
                    continue
                hole = self._hole_before(packet, frame)
                if hole:
                    self.damaged = self.damaged or self.heard_seconds > 0.0
                    self._samples += hole
                    yield from joiner.flush()
                    yield DecodedBlock(np.zeros((hole, channels), dtype=np.float32), frame.rate, lost=True)
                channels = frame.layout.nb_channels
                if frame.rate > 0:
                    self._samples += frame.samples
                    self.heard_seconds += frame.samples / frame.rate
                    yield from joiner.push(frame)
        except Exception:
            yield from joiner.flush()
            raise
        yield from joiner.flush()

    def _hole_before(self, packet: Packet, frame: av.AudioFrame) -> int:
        """How many samples are missing before a frame."""
        return self._hole(packet, frame) if self._bare is None else self._bare.hole(bytes(packet), frame.samples)

    def _hole(self, packet: Packet, frame: av.AudioFrame) -> int:
        """How many samples are missing before a frame, by its time stamp."""
        counted = self._shared.is_miscounted(packet, frame)
        if frame.rate != self._rate:  # time stamps begin anew
            begins, self._rate, self._samples, self._origin = self._rate == 0, frame.rate, 0, None
            self._time_base = frame.time_base
        else:
            begins = False
        if frame.pts is None or self._time_base is None:
            return 0
        place = round(frame.pts * self._time_base.numerator * frame.rate / self._time_base.denominator)
        if self._origin is None:
            if begins:
                self.late_seconds = late_seconds(self._container, place / frame.rate)
            late = round(self.late_seconds * frame.rate) if begins else 0
            self._origin = place - late
        hole = 0 if counted else place - self._origin - self._samples
        if not _LEAST_HOLE_SECONDS < hole / frame.rate < _GREATEST_HOLE_SECONDS:
            return 0
        return hole

    def _frames(self) -> Iterator[tuple[Packet, av.AudioFrame | None]]:
        """Decoded frames with their packets; None where something was damaged."""
        for packet in self._container.demux(self._stream):
            if packet.is_corrupt and self._is_cut(packet):
                yield packet, None
            try:
                frames = packet.decode()
            except av.error.FFmpegError:  # decoders have many words for damage
                if self._bare is not None:
                    self._bare.lost(bytes(packet))
                yield packet, None
                continue
            for frame in frames:
                yield packet, frame

    def _is_cut(self, packet: Packet) -> bool:
        """Whether the last packet ends before it should; where no length is declared, only within a sample."""
        sample_bytes = max(1, self._byte_rate // max(1, self._stream.rate or 1))
        return self.declared_seconds is not None or packet.size % sample_bytes != 0

    @property
    def declared_seconds(self) -> float | None:
        """The length that it claims; None on a pipe, and of what a recorder wrote to one (2 GiB, or nothing)."""
        if not self._has_length or self._stream.duration is None or self._stream.time_base is None:
            return None
        seconds = float(self._stream.duration * self._stream.time_base)
        return seconds if seconds * self._byte_rate < 0x7FFF0000 else None

    @property
    def _byte_rate(self) -> int:
        return (self._stream.codec_context.bit_rate or 0) // 8


class SharedStamps:
    """Tells time stamps that are FFmpeg's own count of frames, and that a wrong one since their rate has changed.

    Args:
        container: opened.
    """

    def __init__(self, container: InputContainer) -> None:
        self._can_be = container.format.name in _SHARED_STAMPS
        self._counted_pts: int | None = None  # what the count comes to

    def is_miscounted(self, packet: "av.Packet[Any]", frame: av.AudioFrame) -> bool:
        """Whether the stamp of a frame, of the packet that came next, says nothing."""
        if not self._can_be:
            return False
        before, self._counted_pts = self._counted_pts, None
        if packet.pts is None or not packet.duration or packet.time_base is None:
            return False
        self._counted_pts = packet.pts + packet.duration
        samples = float(packet.duration * packet.time_base) * frame.rate
        is_wrong = abs(samples - frame.samples) > frame.samples / 20
        return is_wrong and packet.pts == before


def late_seconds(container: InputContainer, first_stamp: float) -> float:
    """How much later the sound begins than the file does, where that holds more than sound."""
    if container.start_time is None or len(container.streams) == 1:
        return 0.0
    late = first_stamp - container.start_time / av.time_base
    return late if _LEAST_HOLE_SECONDS < late < _GREATEST_HOLE_SECONDS else 0.0
