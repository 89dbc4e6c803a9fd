"""One container, decoded: what could not be is silence of its length."""

from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np
from av.container import InputContainer

from edge.sources.audio.frames import DecodedBlock, FrameJoiner

# Time stamps of some formats are coarse, and those of damaged files are not to be believed too far.
_LEAST_HOLE_SECONDS, _GREATEST_HOLE_SECONDS = 0.02, 3600.0
# Of these nothing but the frames themselves tells anything: FFmpeg counts them, and estimates the length.
_BARE_FRAMES = {"mp3", "aac", "ac3", "eac3", "dts", "truehd", "loas", "amr", "amrnb", "amrwb", "mlp"}


class Part:
    """Decodes the chosen track of a container.

    Args:
        container: opened.
        stream: one of its sound tracks.
        block_seconds: least length of the blocks that it gives.
        has_length: whether the length that FFmpeg gives is to be believed.

    Attributes:
        damaged: whether something of it, so far, could not be decoded.
        late_seconds: of picture before the first sound; known with the first piece.
        heard_seconds: so far, without what was lost.
    """

    def __init__(
        self, container: InputContainer, stream: av.AudioStream, *, block_seconds: float, has_length: bool = True
    ) -> None:
        self._block_seconds, self._has_length = block_seconds, has_length
        self._container, self._stream = container, stream
        self.damaged = False
        self.late_seconds = self.heard_seconds = 0.0
        self._rate, self._samples = 0, 0
        self._origin: int | None = None
        self._time_base: Fraction | None = None
        self._bare = is_bare(container)

    def pieces(self) -> Iterator[DecodedBlock]:
        """What it holds, as it comes; where its sound begins late, silence stands before it (`lost`).

        Raises:
            FFmpegError, OSError, ValueError: if nothing more can be read.
        """
        joiner = FrameJoiner(self._block_seconds)
        channels = max(1, self._stream.channels)
        try:
            for frame in self._frames():
                if frame is None:
                    self.damaged = True
                    continue
                hole, channels_before, channels = self._hole(frame), channels, frame.layout.nb_channels
                if hole:
                    self._samples += hole
                    yield from self._counted(joiner.flush())
                    yield DecodedBlock(np.zeros((hole, channels_before), dtype=np.float32), frame.rate, lost=True)
                self._samples += frame.samples
                yield from self._counted(joiner.push(frame))
        except Exception:
            yield from self._counted(joiner.flush())
            raise
        yield from self._counted(joiner.flush())

    def _counted(self, blocks: list[DecodedBlock]) -> list[DecodedBlock]:
        for block in blocks:
            self.heard_seconds += len(block.samples) / block.sample_rate
        return blocks

    def _hole(self, frame: av.AudioFrame) -> int:
        """How many samples are missing before a frame."""
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
                self.late_seconds = self._late_seconds(place / frame.rate)
            late = round(self.late_seconds * frame.rate) if begins else 0
            self._origin = place - late
        hole = place - self._origin - self._samples
        if not _LEAST_HOLE_SECONDS < hole / frame.rate < _GREATEST_HOLE_SECONDS:
            return 0
        self.damaged = self.damaged or self._samples > 0
        return hole

    def _late_seconds(self, first_stamp: float) -> float:
        """How much later the sound begins than the file does, where that holds more than sound."""
        begins = self._container.start_time
        if begins is None or len(self._container.streams) == 1:
            return 0.0
        late = first_stamp - begins / av.time_base
        return late if _LEAST_HOLE_SECONDS < late < _GREATEST_HOLE_SECONDS else 0.0

    def _frames(self) -> Iterator[av.AudioFrame | None]:
        """Decoded frames; None where something was damaged."""
        for packet in self._container.demux(self._stream):
            if packet.is_corrupt and self._is_cut(packet):
                yield None
            try:
                yield from packet.decode()
            except av.error.InvalidDataError:
                yield None

    def _is_cut(self, packet: "av.Packet[av.AudioStream]") -> bool:
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


def is_bare(container: InputContainer) -> bool:
    """Whether it is nothing but frames of sound, one after another, with no time stamps of their own."""
    return container.format.name in _BARE_FRAMES
