"""A file or stdin, decoded piece by piece by PyAV (FFmpeg), whatever container and codec comes."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Self

import av
import numpy as np
from numpy.typing import NDArray

from edge.errors import SourceError
from edge.sources.audio.container import check_path, is_known
from edge.sources.audio.pcm import Pcm, demuxer

_log = logging.getLogger(__name__)

# Time stamps of some formats are coarse, and those of damaged files are not to be believed too far.
_LEAST_HOLE_SECONDS, _GREATEST_HOLE_SECONDS = 0.02, 3600.0
# Headers of some formats round the length, or count the encoder's padding.
_DECLARED_TOLERANCE_SECONDS = 0.5


class DecodedBlock(NamedTuple):
    """Decoded audio `[samples, channels]`, or silence where nothing could be decoded (`lost`)."""

    samples: NDArray[np.float32]
    lost: bool = False


class AudioFile:
    """A file, or what comes on stdin, decoded piece by piece.

    What cannot be decoded becomes silence of its length, so that later sounds keep their time; a warning says so once
    the rest has been read.

    Args:
        path: of the file; None for stdin.
        pcm: what its bare samples are; None for a container, which says so itself.

    Raises:
        SourceError: if it is missing, is a folder, is empty, or holds no audio that FFmpeg knows.
    """

    def __init__(self, path: Path | None, pcm: Pcm | None = None) -> None:
        self._name = "stdin" if path is None else str(path)
        self._may_be_bare = path is None and pcm is None
        self.damaged = False  # or cut short, as far as it has been read
        self.late_seconds = 0.0  # of picture before the first sound; known with the first piece
        if path is not None:
            try:
                check_path(path)
            except OSError as exc:
                raise SourceError(f"{path}: {exc.strerror}; give the path of an audio file that can be read") from exc
        # FFmpeg would take a relative name with a colon in it for a protocol.
        place = "pipe:0" if path is None else str(path.absolute())
        try:
            self._container = av.open(place, mode="r", metadata_errors="ignore", **demuxer(pcm))
        except (av.error.FFmpegError, OSError, ValueError) as exc:
            raise SourceError(self._no_audio) from exc
        # Some formats are known by the file's name alone, and then have no rate; of an unknown codec nothing is known.
        streams = self._container.streams.audio
        if not streams or not is_known(streams[0]) or not streams[0].rate:
            self._container.close()
            raise SourceError(self._no_audio)
        self._stream = streams[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    @property
    def _no_audio(self) -> str:
        return (
            f"{self._name}: holds no audio that can be decoded; expected WAV, FLAC, Ogg, MP3, M4A or another container"
            + (", or --pcm s16le:48000:1 where it is bare samples" if self._may_be_bare else "")
        )

    @property
    def sample_rate(self) -> int:
        """Hz."""
        return int(self._stream.rate)

    def pieces(self) -> Iterator[DecodedBlock]:
        """What it holds, as it comes; where its sound begins late, silence stands before it (`lost`).

        Raises:
            SourceError: if the sample rate or the channels change on the way, or nothing more can be read.
        """
        to_float = av.AudioResampler(format="flt")
        samples, lost_samples, origin = 0, 0, None
        for frame in self._frames():
            if frame is None:
                self.damaged = True
                continue
            if frame.rate != self.sample_rate or frame.layout.nb_channels != self._stream.channels:
                raise SourceError(
                    f"{self._name}: its format changes after {samples / self.sample_rate:.2f} s to {frame.rate} Hz, "
                    f"{frame.layout.nb_channels} channels; split it there"
                )
            if frame.pts is not None and frame.time_base is not None:
                place = round(frame.pts * frame.time_base * self.sample_rate)
                if origin is None:
                    self.late_seconds = self._late_seconds(place / self.sample_rate)
                    origin = place - round(self.late_seconds * self.sample_rate)
                hole = place - origin - samples
                if _LEAST_HOLE_SECONDS < hole / self.sample_rate < _GREATEST_HOLE_SECONDS:
                    self.damaged = self.damaged or samples > 0
                    samples, lost_samples = samples + hole, lost_samples + hole
                    yield DecodedBlock(np.zeros((hole, self._stream.channels), dtype=np.float32), lost=True)
            samples += frame.samples
            for converted in to_float.resample(frame):
                by_channel = converted.to_ndarray().reshape(-1, self._stream.channels)
                yield DecodedBlock(by_channel.astype(np.float32, copy=False))
        self._report(samples, lost_samples)

    def _late_seconds(self, first_stamp: float) -> float:
        """How much later the sound begins than the file does, where that holds more than sound."""
        begins = self._container.start_time
        if begins is None or len(self._container.streams) == 1:
            return 0.0
        late = first_stamp - begins / av.time_base
        return late if _LEAST_HOLE_SECONDS < late < _GREATEST_HOLE_SECONDS else 0.0

    def _frames(self) -> Iterator[av.AudioFrame | None]:
        """Decoded frames; None where something was damaged."""
        try:
            for packet in self._container.demux(self._stream):
                if packet.is_corrupt and self._is_cut(packet):
                    yield None
                try:
                    yield from packet.decode()
                except av.error.InvalidDataError:
                    yield None
        except (av.error.FFmpegError, OSError, ValueError) as exc:
            raise SourceError(f"{self._name}: cannot be read any further ({exc})") from exc

    def _is_cut(self, packet: "av.Packet[av.AudioStream]") -> bool:
        """Whether the last packet ends before it should; where no length is declared, only within a sample."""
        sample_bytes = max(1, self._byte_rate // self.sample_rate)
        return self.declared_seconds is not None or packet.size % sample_bytes != 0

    @property
    def declared_seconds(self) -> float | None:
        """The length that it claims; None on a pipe, and of what a recorder wrote to one (2 GiB, or nothing)."""
        if self._stream.duration is None or self._stream.time_base is None:
            return None
        seconds = float(self._stream.duration * self._stream.time_base)
        return seconds if seconds * self._byte_rate < 0x7FFF0000 else None

    @property
    def _byte_rate(self) -> int:
        return (self._stream.codec_context.bit_rate or 0) // 8

    def _report(self, samples: int, lost_samples: int) -> None:
        heard_seconds = (samples - lost_samples) / self.sample_rate
        declared = self.declared_seconds
        # Some formats declare the length of the whole file for each of its tracks.
        if declared is not None and declared - heard_seconds - self.late_seconds > _DECLARED_TOLERANCE_SECONDS:
            self.damaged = True
        if self.damaged:
            _log.warning("%s: is damaged or cut short; %.3f s of it could be heard", self._name, heard_seconds)
