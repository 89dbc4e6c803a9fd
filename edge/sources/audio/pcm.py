"""Bare samples, as the user describes them, or the header of a file whose samples FFmpeg misreads."""

import math
import struct
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

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
_LITTLE_ENDIAN = (b"sowt", b"42n1", b"23ni")  # integers in AIFF-C


class Pcm(NamedTuple):
    """Bare samples, of which nothing but the user says what they are.

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
        size: bytes.
    """

    pcm: Pcm
    start: int
    size: int


def find_samples(file: BinaryIO) -> SampleRun | None:
    """The samples of a file that FFmpeg takes for noise or for nothing; None of all others.

    These are RIFX (a WAVE whose numbers are big-endian) and AIFF-C with little-endian words of more than 16 bits.
    """
    head, kind = file.read(12), ""
    if head[:4] == b"RIFX" and head[8:] == b"WAVE":
        kind, form_name, samples_name, skipped = "RIFX", b"fmt ", b"data", 0
    elif head[:4] == b"FORM" and head[8:] == b"AIFC":
        kind, form_name, samples_name, skipped = "AIFC", b"COMM", b"SSND", 8
    else:
        return None
    pcm = None
    for name, start, size, body in _chunks(file):
        if name == form_name:
            pcm = _pcm_of_rifx(body) if kind == "RIFX" else _pcm_of_aifc(body)
        elif name == samples_name and pcm is not None:
            return SampleRun(pcm, start + skipped, size - skipped)
    return None


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


def _pcm_of_rifx(body: bytes) -> Pcm | None:
    if len(body) < 16:
        return None
    tag, channels, rate, _, block_bytes, _ = struct.unpack(">HHIIHH", body[:16])
    letter, word_bits = {1: "s", 3: "f", 6: "alaw", 7: "mulaw"}.get(tag), 8 * block_bytes // max(1, channels)
    if letter in ("s", "f"):
        letter = "u8" if (letter, word_bits) == ("s", 8) else f"{letter}{word_bits}be"
    return _checked(letter, rate, channels)


def _pcm_of_aifc(body: bytes) -> Pcm | None:
    if len(body) < 22 or body[18:22] not in _LITTLE_ENDIAN:
        return None
    channels, _, bits, exponent, mantissa = struct.unpack(">hIhHQ", body[:18])
    rate = math.ldexp(mantissa, exponent - 16383 - 63) if exponent < 0x7FFF else 0.0
    word_bits = 8 * ((bits + 7) // 8)
    return None if word_bits <= 16 else _checked(f"s{word_bits}le", int(min(rate, 1e9)), channels)


def _checked(sample_format: str | None, rate: int, channels: int) -> Pcm | None:
    """As `Pcm.parse` would have it; None of what cannot be."""
    try:
        return Pcm.parse(f"{sample_format}:{rate}:{channels}")
    except ValueError:
        return None
