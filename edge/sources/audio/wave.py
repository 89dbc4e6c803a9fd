"""Headers of WAVE files (RIFF, RF64, BW64) and of CAF that say something else than what the file holds.

    RIFF size WAVE | fmt  size … | LIST size … | data size samples… | what comes after
                           bits, and of them valid       ^ stale where a recorder lost power

FFmpeg believes them. Where they are wrong it is given other words for them (`WaveHeader.patches`), or told to read on.
"""

import struct
from dataclasses import dataclass, field
from typing import BinaryIO

_PCM, _EXTENSIBLE = 0x0001, 0xFFFE
_LARGEST_HEADER_BYTES = 1 << 20
_UNKNOWN = (0, 0xFFFFFFFF)


@dataclass(frozen=True, kw_only=True)
class WaveHeader:
    """What the header says, and what of it is wrong.

    Attributes:
        data_start: byte at which the samples begin.
        declared_bytes: of samples; None where the header leaves it open, or where there is nothing to compare it with.
        byte_rate: bytes a second, at least 1.
        patches: bytes to put in place of those in the file, by position.
    """

    data_start: int
    declared_bytes: int | None
    byte_rate: int
    patches: dict[int, bytes] = field(default_factory=dict)


def read_wave_header(file: BinaryIO) -> WaveHeader | None:
    r"""Read the header from the start of a file; None if it is no WAVE or has no samples.

    >>> import io
    >>> form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8000, 32000, 4, 24)
    >>> riff = b"RIFF" + bytes(4) + b"WAVE" + form + b"data" + struct.pack("<I", 8) + bytes(8)
    >>> read_wave_header(io.BytesIO(riff)).patches
    {34: b' \x00'}
    """
    start = file.read(12)
    if start[:4] not in (b"RIFF", b"RF64", b"BW64") or start[8:] != b"WAVE":
        return None
    position, byte_rate, long_bytes = 12, 0, None
    patches: dict[int, bytes] = {}
    while position < _LARGEST_HEADER_BYTES and len(head := file.read(8)) == 8:
        name, size = head[:4], int.from_bytes(head[4:], "little")
        position += 8
        if name == b"data":
            declared = long_bytes if long_bytes is not None and size == 0xFFFFFFFF else size
            return WaveHeader(
                data_start=position,
                declared_bytes=None if declared in _UNKNOWN else declared,
                byte_rate=max(1, byte_rate),
                patches=patches,
            )
        body = file.read(min(size + size % 2, _LARGEST_HEADER_BYTES))
        if name == b"ds64" and len(body) >= 16:
            long_bytes = int.from_bytes(body[8:16], "little")
        elif name == b"fmt " and len(body) >= 16:
            byte_rate = int.from_bytes(body[8:12], "little")
            patches = _word_patches(body, position)
        position += len(body)
    return None


def holds_chunks(file: BinaryIO, start: int, end: int, order: str = "<") -> bool:
    """Whether the bytes from `start` to `end` are chunks one after another, as behind samples; none are, too."""
    position = start
    while end - position >= 8:
        file.seek(position)
        name, size = struct.unpack(f"{order}4sI", file.read(8))
        if not (name.isascii() and name.decode().isprintable() and name[:1].isalpha()):
            return False
        position += 8 + size + size % 2
    return position <= end + 1


def word_patches(head: bytes) -> dict[int, bytes]:
    """As `WaveHeader.patches`, of a CAF by its first bytes; none of all others."""
    if head.startswith(b"caff") and head[8:12] == b"desc" and head[28:32] == b"lpcm" and len(head) >= 52:
        flags, block_bytes, frames, channels, bits = struct.unpack(">5I", head[32:52])
        word_bytes = _wider_word(block_bytes, channels, bits)
        return {48: struct.pack(">I", 8 * word_bytes)} if word_bytes and frames == 1 and not flags & 1 else {}
    return {}


def _wider_word(block_bytes: int, channels: int, valid_bits: int) -> int:
    """Bytes of a word that has more of them than its valid bits need; 0 of any other."""
    if channels == 0 or block_bytes % channels or not valid_bits:
        return 0
    word_bytes = block_bytes // channels
    return word_bytes if (valid_bits + 7) // 8 < word_bytes <= 4 else 0


def _word_patches(body: bytes, position: int) -> dict[int, bytes]:
    """FFmpeg takes the valid bits for the width of a word, where fewer of them are valid than a word has.

    Valid bits are the upper ones, so that the word may be read whole.
    """
    tag, channels, _, _, block_bytes, bits = struct.unpack("<HHIIHH", body[:16])
    valid = bits
    if tag == _EXTENSIBLE and len(body) >= 26:
        valid, tag = struct.unpack("<H", body[18:20])[0], struct.unpack("<H", body[24:26])[0]
    word_bytes = _wider_word(block_bytes, channels, valid) if tag == _PCM else 0
    if not word_bytes:
        return {}
    word_bits = struct.pack("<H", 8 * word_bytes)
    patches = {position + 14: word_bits}
    if len(body) >= 26:
        patches[position + 18] = word_bits
    return patches
