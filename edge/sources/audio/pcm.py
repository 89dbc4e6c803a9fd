"""Bare samples, as the user describes them, or the header of a file whose samples FFmpeg misreads."""

import math
import struct
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

from edge.sources.audio.wave import holds_chunks

_PCM_FORMATS = (
    "u8",
    "s8",
    "s16le",
    "s16be",
    "s24le",
    "s24be",
    "s32le",
    "s32be",
    "f32le",
    "f32be",
    "f64le",
    "f64be",
    "alaw",
    "mulaw",
)
_LARGEST_HEADER_BYTES = 1 << 20
_W64_START = bytes.fromhex("72696666 2e91cf11a5d628db04c10000")
_W64_NAME_ENDS = (bytes.fromhex("00c04f8edb8a"), bytes.fromhex("28db04c10000"))
WORTH_SECONDS = 0.1  # of sound behind the declared length
_MOST_BYTES = 1 << 60
_LITTLE_ENDIAN = (b"sowt", b"42n1", b"23ni")  # integers in AIFF-C


class Pcm(NamedTuple):
    """Samples without a header; the user gives their format.

    Attributes:
        sample_format: as FFmpeg names it, such as `s16le`.
        sample_rate: Hz.
        channels: interleaved.
    """

    sample_format: str
    sample_rate: int
    channels: int

    @classmethod
    def parse(cls, text: str) -> "Pcm":
        """Read FORMAT:HZ:CHANNELS.

        Raises:
            ValueError: saying what was expected.

        >>> Pcm.parse("s16le:48000:1")
        Pcm(sample_format='s16le', sample_rate=48000, channels=1)
        """
        parts = text.split(":")
        sample_format, rate, channels = parts if len(parts) == 3 else ("", "", "")
        if sample_format not in _PCM_FORMATS or not (rate.isdecimal() and channels.isdecimal()):
            raise ValueError(
                f"expected FORMAT:HZ:CHANNELS such as s16le:48000:1; formats are {', '.join(_PCM_FORMATS)}"
            )
        pcm = cls(sample_format, int(rate), int(channels))
        if not (1000 <= pcm.sample_rate <= 768_000 and 1 <= pcm.channels <= 64):
            raise ValueError("expected a rate of 1000 to 768000 Hz and 1 to 64 channels")
        return pcm

    @property
    def byte_rate(self) -> int:
        """Bytes a second."""
        bits = int("".join(filter(str.isdecimal, self.sample_format)) or 8)
        return self.sample_rate * self.channels * bits // 8


def demuxer(pcm: Pcm | None) -> dict[str, Any]:
    """What PyAV is to be told, where the sound itself does not."""
    if pcm is None:
        return {}
    options = {"sample_rate": str(pcm.sample_rate), "ch_layout": f"{pcm.channels}c"}
    return {"format": pcm.sample_format, "options": options}


class SampleRun(NamedTuple):
    """Where bare samples stand in a file.

    Attributes:
        pcm: what they are.
        start: byte at which they begin.
        declared: bytes, as the header says.
        held: bytes that there are: more, where what stands behind the declared ones is no chunk.
    """

    pcm: Pcm
    start: int
    declared: int
    held: int


def find_samples(file: BinaryIO, size: int | None) -> SampleRun | None:
    """The samples of a file that FFmpeg takes for noise, or whose length it mistakes; None of all others.

    These are W64, RIFX (a WAVE whose numbers are big-endian), AIFF-C with little-endian words of more than 16 bits, and
    AIFF that holds more than its header says.

    Args:
        file: at its beginning.
        size: of the file; None where it is not known.
    """
    head, pcm, misread = file.read(16), None, False
    kind = head[:4] + head[8:12]
    is_w64 = head == _W64_START
    if not is_w64 and kind not in (b"RIFXWAVE", b"FORMAIFC", b"FORMAIFF"):
        return None
    for name, start, declared, body in _w64_chunks(file) if is_w64 else _chunks(file):
        if name in (b"fmt ", b"COMM"):
            pcm = _pcm_of_aiff(body, kind[4:]) if name == b"COMM" else _pcm_of_wave(body, "<" if is_w64 else ">")
            misread = is_w64 or kind == b"RIFXWAVE" or (name == b"COMM" and body[18:22] in _LITTLE_ENDIAN)
        elif name in (b"data", b"SSND") and pcm is not None:
            skipped = 8 if name == b"SSND" else 0
            start, declared = start + skipped, max(0, declared - skipped)
            if size is not None and declared > _MOST_BYTES:  # written to a pipe
                declared = size - start
            run = SampleRun(pcm, start, declared, declared)
            if size is not None and _is_stale(file, run, size, is_w64):
                return run._replace(held=size - run.start)
            return run if misread else None
    return None


def _is_stale(file: BinaryIO, run: SampleRun, size: int, is_w64: bool) -> bool:
    """Whether there is more sound than the header says."""
    end = run.start + run.declared
    if size - end <= run.pcm.byte_rate * WORTH_SECONDS:
        return False
    if not is_w64:
        return not any(holds_chunks(file, end + pad, size, ">") for pad in (0, 1))
    file.seek(-(-end // 8) * 8)
    return not file.read(16).endswith(_W64_NAME_ENDS)


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, int, int, bytes]]:
    """Name, start, size and first bytes of each chunk of a big-endian file."""
    position = 12
    while position < _LARGEST_HEADER_BYTES:
        file.seek(position)
        head = file.read(8 + 32)
        if len(head) < 8 + 8:
            return
        name, size = struct.unpack(">4sI", head[:8])
        yield name, position + 8, size, head[8:]
        position += 8 + size + size % 2


def _w64_chunks(file: BinaryIO) -> Iterator[tuple[bytes, int, int, bytes]]:
    """The same of a W64, whose sizes count the head of the chunk."""
    position = 40
    while position < _LARGEST_HEADER_BYTES:
        file.seek(position)
        head = file.read(24 + 40)
        if len(head) < 24 + 8:
            return
        size = max(24, int.from_bytes(head[16:24], "little"))
        yield head[:4], position + 24, size - 24, head[24:]
        position += -(-size // 8) * 8


def _pcm_of_wave(body: bytes, order: str) -> Pcm | None:
    if len(body) < 16:
        return None
    tag, channels, rate, _, block_bytes, _ = struct.unpack(f"{order}HHIIHH", body[:16])
    if tag == 0xFFFE and len(body) >= 26:
        tag = struct.unpack(f"{order}H", body[24:26])[0]
    letter, word_bits = {1: "s", 3: "f", 6: "alaw", 7: "mulaw"}.get(tag), 8 * block_bytes // max(1, channels)
    if letter in ("s", "f"):
        letter = "u8" if (letter, word_bits) == ("s", 8) else f"{letter}{word_bits}{'le' if order == '<' else 'be'}"
    return _checked(letter, rate, channels)


def _pcm_of_aiff(body: bytes, kind: bytes) -> Pcm | None:
    coding = body[18:22] if kind == b"AIFC" else b"NONE"
    if len(body) < 18 or coding not in (b"NONE", b"twos", *_LITTLE_ENDIAN):
        return None
    channels, _, bits, exponent, mantissa = struct.unpack(">hIhHQ", body[:18])
    rate = math.ldexp(mantissa, exponent - 16383 - 63) if exponent < 0x7FFF else 0.0
    word_bits, order = 8 * ((bits + 7) // 8), "le" if coding in _LITTLE_ENDIAN else "be"
    return _checked("s8" if word_bits == 8 else f"s{word_bits}{order}", int(min(rate, 1e9)), channels)


def _checked(sample_format: str | None, rate: int, channels: int) -> Pcm | None:
    """As `Pcm.parse` would have it; None of what cannot be."""
    try:
        return Pcm.parse(f"{sample_format}:{rate}:{channels}")
    except ValueError:
        return None
