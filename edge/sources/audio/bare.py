"""Frames without a container, as in MP3 and raw AAC: how much was lost between them.

    frame frame | damage: bytes that are no frame | frame …
                  └ as many frames as these bytes would have been

FFmpeg counts such frames and tells nothing of what lay between them. Bytes that were overwritten move no later sound,
then; those that were cut out or put in do.
"""

import re
from pathlib import Path
from typing import BinaryIO

from av.container import InputContainer

# Of these nothing but the frames themselves tells anything: FFmpeg counts them, and estimates the length.
_BARE = {"mp3", "aac", "ac3", "eac3", "dts", "truehd", "loas", "amr", "amrnb", "amrwb", "mlp"}
_TAG = re.compile(rb"ID3[\x02-\x04].{2}[\x00-\x7f]{4}", re.DOTALL)
_MEAN_FRAMES = 32  # over which the bytes of a frame are averaged
_SEARCHED_BYTES = 1 << 20  # for the next frame


def is_bare(container: InputContainer) -> bool:
    """Whether it is nothing but frames of sound, one after another, with no time stamps of their own."""
    return container.format.name in _BARE


def tag_bytes(data: bytes) -> int:
    """The length of the ID3v2 tag that data begin with; 0 if they begin with none."""
    if _TAG.match(data) is None:
        return 0
    return 10 + sum(byte << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0), strict=True))


class BareFrames:
    """How much is missing between frames, by the bytes that are none.

    Args:
        path: of the file, where FFmpeg leaves out bytes that it takes for no frame; None where it hands out all of
            them, or where there is no file.
    """

    def __init__(self, path: Path | None) -> None:
        self._file: BinaryIO | None = None if path is None else path.open("rb")
        self._place = 0  # in the file, behind the last packet
        self._lost_bytes = self._tag_left = 0
        self._frame_bytes = 0.0  # mean

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def lost(self, packet: bytes) -> None:
        """Take a packet that could not be decoded."""
        self._skip_to(packet)
        self._lose(packet)

    def hole(self, packet: bytes, frame_samples: int) -> int:
        """How many samples are missing before the frame of a packet that could be decoded."""
        self._skip_to(packet)
        frames = round(self._lost_bytes / self._frame_bytes) if self._frame_bytes else 0
        self._lost_bytes, self._tag_left = 0, max(0, self._tag_left - len(packet))
        self._frame_bytes += (len(packet) - self._frame_bytes) / (_MEAN_FRAMES if self._frame_bytes else 1)
        return frames * frame_samples

    def _lose(self, data: bytes) -> None:
        """Count bytes that are no frame; a tag among them (of the next of joined files) is no sound."""
        size, tag = len(data), None if self._tag_left else _TAG.search(data)
        if tag is not None:
            self._lost_bytes += tag.start()
            size, self._tag_left = size - tag.start(), tag_bytes(data[tag.start() :])
        in_tag = min(self._tag_left, size)
        self._tag_left -= in_tag
        self._lost_bytes += size - in_tag

    def _skip_to(self, packet: bytes) -> None:
        """Find a packet in the file; what stands before it was left out."""
        if self._file is None or not packet:
            return
        self._file.seek(self._place)
        if self._file.read(len(packet)) != packet:
            self._file.seek(self._place)
            before, found, _ = self._file.read(_SEARCHED_BYTES).partition(packet)
            if not found:
                self.close()
                return
            self._lose(before)
            self._place += len(before)
        self._place += len(packet)
