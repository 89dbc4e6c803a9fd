"""Files and what is in them, before anything is decoded: one container after another, as FFmpeg can read them."""

import io
import os
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, cast

import av
from av.container import InputContainer

from edge.errors import SourceError
from edge.sources.audio.bare import tag_bytes
from edge.sources.audio.ogg import OggLinks, is_chained
from edge.sources.audio.pcm import WORTH_SECONDS, Pcm, demuxer, find_samples
from edge.sources.audio.wave import WaveHeader, holds_chunks, read_wave_header, word_patches

# Of files that are looked for in folders.
AUDIO_SUFFIXES = {
    ".wav",
    ".flac",
    ".ogg",
    ".oga",
    ".opus",
    ".mp3",
    ".m4a",
    ".mp4",
    ".aac",
    ".aif",
    ".aiff",
    ".caf",
    ".webm",
    ".wma",
}
_HEAD_BYTES = 4096
_BOXES = (b"ftyp", b"free", b"skip", b"wide", b"uuid", b"mdat")  # of an MP4, that may stand before its index


class Containers:
    """The containers that a file, or what comes on stdin, consists of: one, or of a chained Ogg several.

    Args:
        path: of the file; None for stdin.
        pcm: what its bare samples are; None for a container, which says so itself.

    Attributes:
        path: of the file; None for stdin.
        hidden: what the header conceals of the file, in words; None if it tells the truth.
        held_seconds: the length, where the header does not say it; None where it does.
        no_samples: whether it is a WAVE that ends with its header.

    Raises:
        SourceError: if it is missing, is a folder, is empty, or may not be read.
    """

    def __init__(self, path: Path | None, pcm: Pcm | None = None) -> None:
        self.path, self._pcm = path, pcm
        self.name = "stdin" if path is None else str(path)
        self.hidden: str | None = None
        self.held_seconds: float | None = None
        self.no_samples = False
        self.head = b""
        self._links: OggLinks | None = None
        self._file: BinaryIO | None = None
        if path is not None:
            try:
                check_path(path)
            except OSError as exc:
                raise SourceError(f"{path}: {exc.strerror}; give the path of an audio file that can be read") from exc

    def open(self) -> InputContainer:
        """Open the first.

        Raises:
            FFmpegError, OSError, ValueError: as FFmpeg finds it.
            SourceError: if nothing comes on stdin.
        """
        if self._pcm is not None:
            return _open("pipe:0" if self.path is None else str(self.path.absolute()), **demuxer(self._pcm))
        if self.path is None:
            return self._open_stdin()
        if not self.path.is_file():
            return _open(str(self.path.absolute()))
        return self._open_file(self.path)

    def next(self) -> InputContainer | None:
        """Open the next; None if there is none.

        Raises:
            FFmpegError, OSError, ValueError: as FFmpeg finds it.
        """
        if self._links is None or not self._links.next_link():
            return None
        return _open(self._links)

    @property
    def length_is_estimated(self) -> bool:
        """Whether FFmpeg can only guess the length by the bit rate, since nothing in it says it."""
        head = self.head
        if (size := tag_bytes(head)) and self.path is not None:
            with self.path.open("rb") as file:
                file.seek(size)
                head = file.read(_HEAD_BYTES)
        return not any(mark in head for mark in (b"Xing", b"Info", b"VBRI"))

    @property
    def index_is_last(self) -> bool:
        """Whether it is an MP4 on stdin whose index comes after its sound, which FFmpeg would have to read first."""
        position = 0
        while self.path is None and self.head[position + 4 : position + 8] in _BOXES:
            size, name = struct.unpack(">I4s", self.head[position : position + 8])
            if name == b"mdat":
                return True
            position += max(8, size)
        return False

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _open_stdin(self) -> InputContainer:
        stdin = _Stdin()
        self.head = stdin.head
        if not self.head:
            raise SourceError("stdin: nothing came; pipe a recording into it, such as sed-stream - < recording.wav")
        if self.head.startswith(b"OggS"):
            self._links = OggLinks(stdin.read)
            return _open(self._links)
        if (run := find_samples(io.BytesIO(self.head), None)) is not None and run.start < len(self.head):
            stdin.head = self.head[run.start :]
            return _open(_Limited(stdin.read, run.declared or sys.maxsize), **demuxer(run.pcm))
        wave = read_wave_header(io.BytesIO(self.head))
        if wave is None:
            stdin.head = _patched(self.head, 0, word_patches(self.head))
            return _open(stdin)
        stdin.head = _patched(self.head, 0, wave.patches)
        # What is written to a pipe has no length, or one of 2 GiB, after which it goes on.
        endless = wave.declared_bytes is None or wave.declared_bytes >= 0x7FFF0000
        return _open(stdin, **({"options": {"ignore_length": "1"}} if endless else {}))

    def _open_file(self, path: Path) -> InputContainer:
        with path.open("rb") as file:
            self.head = file.read(_HEAD_BYTES)
            file.seek(0)
            wave = read_wave_header(file)
            if wave is not None:
                return self._open_wave(wave, file)
            file.seek(0)
            run = find_samples(file, path.stat().st_size)
        patches = word_patches(self.head)
        # FFmpeg would take a relative name with a colon in it for a protocol.
        if run is None and not patches and not is_chained(path):
            return _open(str(path.absolute()))
        self._file = path.open("rb")
        if run is not None:
            self._file.seek(run.start)
            self._note_length(run.declared, run.held, run.pcm.byte_rate)
            return _open(_Limited(self._file.read, run.held), **demuxer(run.pcm))
        if patches:
            return _open(_Patched(self._file, patches))
        self._links = OggLinks(self._file.read)
        return _open(self._links)

    def _open_wave(self, wave: WaveHeader, file: BinaryIO) -> InputContainer:
        assert self.path is not None
        size = self.path.stat().st_size
        end = wave.data_start + (wave.declared_bytes or 0)
        rest = size - end
        self.no_samples = size <= wave.data_start
        if not self.no_samples and wave.declared_bytes is None:
            # Zero: of a recorder that never wrote the length, or truly nothing but chunks behind it.
            self.no_samples = _is_chunks(file, wave.data_start, size)
        options = {} if self.no_samples or wave.declared_bytes is not None else {"ignore_length": "1"}
        if (
            wave.declared_bytes is not None
            and rest > wave.byte_rate * WORTH_SECONDS
            and not _is_chunks(file, end, size)
        ):
            # As a RIFF of unknown length: else FFmpeg looks for chunks in what stands behind the declared length, for
            # hours where that is gigabytes of silence.
            wave.patches.update({0: b"RIFF", wave.data_start - 4: bytes(4)})
            options["ignore_length"] = "1"
        if options:
            held = size - wave.data_start
            self._note_length(held if wave.declared_bytes is None else wave.declared_bytes, held, wave.byte_rate)
        if not wave.patches:
            return _open(str(self.path.absolute()), **({"options": options} if options else {}))
        self._file = self.path.open("rb")
        return _open(_Patched(self._file, wave.patches), **({"options": options} if options else {}))

    def _note_length(self, declared_bytes: int, held_bytes: int, byte_rate: int) -> None:
        self.held_seconds = held_bytes / byte_rate
        if held_bytes > declared_bytes:
            declared = f"{declared_bytes / byte_rate:.1f} s"
            self.hidden = f"its header says {declared}, but it holds {self.held_seconds:.1f} s"


def _is_chunks(file: BinaryIO, start: int, end: int) -> bool:
    # Chunks of odd length are to be padded, which some writers forget.
    return any(holds_chunks(file, start + pad, end) for pad in ((0, 1) if start % 2 else (0,)))


def _open(place: Any, **how: Any) -> InputContainer:
    return cast(InputContainer, av.open(place, mode="r", metadata_errors="ignore", **how))


def _patched(block: bytes, position: int, patches: dict[int, bytes]) -> bytes:
    """Bytes that stand at a position of a file, with others in place of some."""
    data = bytearray(block)
    for place, other in patches.items():
        for offset, value in enumerate(other, place - position):
            if 0 <= offset < len(data):
                data[offset] = value
    return bytes(data)


class _Patched:
    """A file with other bytes in some places."""

    def __init__(self, file: BinaryIO, patches: dict[int, bytes]) -> None:
        self._file, self._patches = file, patches
        self._end = max(place + len(other) for place, other in patches.items())
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int) -> bytes:
        position = self._file.tell()
        block = self._file.read(size)
        return _patched(block, position, self._patches) if position < self._end else block


class _Limited:
    """So many bytes of something, and no more."""

    def __init__(self, read: Callable[[int], bytes], size: int) -> None:
        self._read, self._left = read, size

    def read(self, size: int) -> bytes:
        block = self._read(min(size, self._left))
        self._left -= len(block)
        return block


class _Stdin:
    """Standard input, as soon as it comes; its first bytes have been looked at."""

    def __init__(self) -> None:
        self.head = b""
        while len(self.head) < _HEAD_BYTES and (came := os.read(0, _HEAD_BYTES - len(self.head))):
            self.head += came

    def read(self, size: int) -> bytes:
        if self.head:
            out, self.head = self.head[:size], self.head[size:]
            return out
        return os.read(0, size)


def check_path(path: Path) -> None:
    """Raise SourceError where there is no file that could hold sound."""
    if path.is_dir():
        raise SourceError(f"{path}: is a folder; give one audio file")
    if not path.exists():
        raise SourceError(f"{path}: no such file; give the path of an audio file, or - for stdin")
    if path.is_file() and path.stat().st_size == 0:
        raise SourceError(f"{path}: is empty; give a file with sound in it")
    if path.is_file() and not os.access(path, os.R_OK):
        raise SourceError(f"{path}: may not be read; give yourself the permission, such as by chmod +r")
