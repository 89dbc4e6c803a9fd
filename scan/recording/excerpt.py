"""A recording from one of its samples on, as the whole recording has it: WAVE and FLAC.

Other formats decode a frame with what came before it, so that nothing but the whole recording is exact there.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import av
import numpy as np
from numpy.typing import NDArray

from edge.sources import AudioFile, FrameConverter


class Recording(NamedTuple):
    """How a recording is opened, here or on another machine.

    Attributes:
        name: as the log names it.
        path: of the file.
        file: opened, where it is not on a disk of this machine.
    """

    name: str
    path: Path
    file: BinaryIO | None = None

    def open(self) -> AudioFile:
        """Open it.

        Raises:
            SourceError: if that cannot be done.
        """
        return AudioFile(self.path, opened=self.file)


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


class Irregular(Exception):  # noqa: N818  # not an error: the whole recording is heard then
    """An excerpt is not what the outline promises, because of damage or a change of format."""


def outline_of(recording: Recording) -> Outline | None:
    """The outline of a recording; None if it cannot be entered.

    Raises:
        SourceError: if it cannot be opened.
    """
    with recording.open() as opened:
        if not opened.can_be_entered or not opened.declared_seconds:
            return None
        samples = round(opened.declared_seconds * opened.sample_rate)
        return Outline(opened.sample_rate, opened.channels, samples)


def read_excerpt(file: AudioFile, outline: Outline, begin: int, end: int | None) -> Iterator[NDArray[np.float32]]:
    """The samples from `begin` to `end`, or to the recording's own end if None, as `[samples, channels]`.

    Raises:
        Irregular: if they are not all there, one after another, in the outline's format.
        SourceError: if nothing more can be read.
    """
    converter, position = FrameConverter(), begin
    for frame in file.frames_from(begin):
        if frame is None:
            raise Irregular("is damaged")
        place = _place(frame, outline)
        for piece in converter.pieces(frame):
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


def _place(frame: av.AudioFrame, outline: Outline) -> int:
    """The number of the first sample of a frame."""
    if frame.pts is None or frame.time_base is None:
        raise Irregular("has no time stamps")
    if (frame.rate, frame.layout.nb_channels) != (outline.sample_rate, outline.channels):
        raise Irregular("changes its rate or channels")
    return round(frame.pts * frame.time_base * frame.rate)
