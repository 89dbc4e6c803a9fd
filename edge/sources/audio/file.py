"""A file or stdin, decoded piece by piece by PyAV (FFmpeg), whatever container and codec comes."""

import errno
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import av
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray

from edge.errors import SourceError
from edge.sources.audio.bare import is_bare
from edge.sources.audio.container import Containers
from edge.sources.audio.decoding import Part
from edge.sources.audio.frames import DecodedBlock
from edge.sources.audio.pcm import Pcm
from edge.sources.audio.tracks import choose_track, describe_tracks

_log = logging.getLogger(__name__)

# Headers of some formats round the length, or count the encoder's padding.
_DECLARED_TOLERANCE_SECONDS = 0.5
_INDEX_IS_LAST = (
    "stdin: this MP4 cannot be read from a pipe, as its index (moov) stands at its end; give it as a file, "
    "or write it anew with ffmpeg -i IN -c copy -movflags +faststart OUT"
)


class AudioFile:
    """A file, or what comes on stdin, decoded piece by piece.

    Rate and channels may change from one piece to the next, as in joined files. What cannot be decoded becomes silence
    of its length, as far as that is known, so that later sounds keep their time; a warning says so once the rest has
    been read.

    Args:
        path: of the file; None for stdin.
        pcm: what its bare samples are; None for a container, which says so itself.
        track: as `choose_track` knows it.
        block_seconds: least length of the blocks that it gives; 0 for the decoder's frames.

    Attributes:
        damaged: or cut short, as far as it has been read.
        warnings: what is to be known of it, in words; who passes them on takes them out.

    Raises:
        SourceError: if it is missing, is a folder, is empty, may not be read, has no such track, or holds no audio that
            FFmpeg knows.
    """

    def __init__(
        self, path: Path | None, pcm: Pcm | None = None, track: str = "default", *, block_seconds: float = 1.0
    ) -> None:
        self._containers, self._track, self._block_seconds = Containers(path, pcm), track, block_seconds
        self._name = self._containers.name
        self._may_be_bare = path is None and pcm is None
        self.damaged = self._sounded = False
        self.warnings: list[str] = []
        try:
            container = self._containers.open()
        except (av.error.FFmpegError, OSError, ValueError) as exc:
            self._containers.close()
            raise SourceError(self._why_not(exc)) from exc
        try:
            self._part = self._part_of(container)
        except SourceError:
            self.__exit__()
            raise
        if self._containers.hidden is not None:
            self._warn(f"{self._containers.hidden}; all of it is heard, but other programs may not")
        if self._containers.no_samples:
            self._warn("has a header, but no sound behind it")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()
        self._containers.close()

    @property
    def sample_rate(self) -> int:
        """Of its beginning, in Hz, as its header says."""
        return int(self._stream.rate)

    @property
    def late_seconds(self) -> float:
        """Of picture before the first sound; known with the first piece."""
        return self._part.late_seconds

    @property
    def declared_seconds(self) -> float | None:
        """The length that it claims; None where nothing in it says so."""
        if self._containers.held_seconds is not None:
            return self._containers.held_seconds
        return self._part.declared_seconds

    def pieces(self) -> Iterator[DecodedBlock]:
        """What it holds, as it comes; where its sound begins late, silence stands before it (`lost`).

        Raises:
            SourceError: if nothing more can be read.
        """
        heard_seconds, declared = 0.0, self.declared_seconds
        if self._containers.no_samples:
            return
        try:
            while True:
                for piece in self._part.pieces():
                    self._sounded = self._sounded or _has_sound(piece.samples)
                    yield piece
                heard_seconds += self._part.heard_seconds
                self.damaged = self.damaged or self._part.damaged
                container = self._containers.next()
                if container is None:
                    break
                self._container.close()
                self._part = self._part_of(container)
        except (av.error.FFmpegError, OSError, ValueError) as exc:
            if self._containers.index_is_last:
                raise SourceError(_INDEX_IS_LAST) from exc
            raise SourceError(f"{self._name}: cannot be read any further ({_reason(exc)})") from exc
        self._report(heard_seconds, declared)

    def _part_of(self, container: InputContainer) -> Part:
        self._container = container
        try:
            stream = choose_track(container, self._track)
        except SourceError as exc:
            raise SourceError(f"{self._name}: {exc}") from None
        # Some formats are known by the file's name alone, and then have no rate; of an unknown codec nothing is known.
        if stream is None or not stream.rate:
            raise SourceError(self._no_audio)
        self._stream = stream
        estimated = is_bare(container) and self._containers.length_is_estimated
        has_length = not estimated and self._containers.held_seconds is None
        return Part(
            container,
            stream,
            block_seconds=self._block_seconds,
            path=self._containers.path,
            has_length=has_length,
        )

    def _report(self, heard_seconds: float, declared: float | None) -> None:
        # Some formats declare the length of the whole file for each of its tracks.
        if declared is not None and declared - heard_seconds - self.late_seconds > _DECLARED_TOLERANCE_SECONDS:
            self.damaged = True
        if self.damaged:
            self._warn(f"is damaged or cut short; {heard_seconds:.3f} s of it could be heard")
        if not self._sounded and len(self._container.streams.audio) > 1:
            self._warn(f"this sound track is digitally silent; --track takes one of {describe_tracks(self._container)}")

    def _warn(self, text: str) -> None:
        self.warnings.append(text)
        _log.warning("%s: %s", self._name, text)

    @property
    def _no_audio(self) -> str:
        return (
            f"{self._name}: holds no audio that can be decoded; expected WAV, FLAC, Ogg, MP3, M4A or another container"
            + (", or --pcm s16le:48000:1 where it is bare samples" if self._may_be_bare else "")
        )

    def _why_not(self, exc: Exception) -> str:
        """Why it cannot be opened, as what it is."""
        if isinstance(exc, OSError) and exc.errno in (errno.EACCES, errno.EPERM):
            return f"{self._name}: may not be read; give yourself the permission, such as by chmod +r"
        if self._containers.index_is_last:
            return _INDEX_IS_LAST
        return self._no_audio


def _has_sound(samples: NDArray[np.float32]) -> bool:
    """Whether it is not digital silence."""
    with np.errstate(invalid="ignore"):  # raw samples may be signalling NaNs
        return bool(samples.any())


def _reason(exc: Exception) -> str:
    """An error in words: those of FFmpeg have numbers that say nothing to people."""
    number = getattr(exc, "errno", None)
    if isinstance(number, int) and 0 < number < 1000:
        return os.strerror(number)
    return str(getattr(exc, "strerror", None) or exc)
