"""WAVE files with what recorders write beside the sound."""

from pathlib import Path


def chunk(name: bytes, body: bytes) -> bytes:
    """One chunk, padded to an even length."""
    return name + len(body).to_bytes(4, "little") + body + bytes(len(body) % 2)


def write_wave(
    path: Path, *before: bytes, after: tuple[bytes, ...] = (), samples: int = 1600, kind: bytes = b"RIFF"
) -> None:
    """Silence at 16 kHz between chunks."""
    fmt = b"\1\0\1\0" + (16_000).to_bytes(4, "little") + (32_000).to_bytes(4, "little") + b"\2\0\x10\0"
    body = b"WAVE" + b"".join((*before, chunk(b"fmt ", fmt), chunk(b"data", bytes(2 * samples)), *after))
    path.write_bytes(kind + len(body).to_bytes(4, "little") + body)


def guano(timestamp: str) -> bytes:
    """As bat detectors and Song Meters write it."""
    return chunk(b"guan", f"GUANO|Version: 1.0\nMake: X\nTimestamp: {timestamp}\nNote: a\\nb".encode())


def comment(text: str) -> bytes:
    """As AudioMoths write it."""
    return chunk(b"LIST", b"INFO" + chunk(b"IART", b"AudioMoth 1") + chunk(b"ICMT", text.encode() + bytes(9)))


def bext(date: bytes, time: bytes) -> bytes:
    """Of Broadcast Wave."""
    return chunk(b"bext", bytes(320) + date.ljust(10, b"\0") + time.ljust(8, b"\0") + bytes(264))
