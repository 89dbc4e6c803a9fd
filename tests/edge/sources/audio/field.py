"""Sound in the wrappings that recorders and converters write."""

import struct
import subprocess
from pathlib import Path

import numpy as np

RATE = 16_000
PCM_GUID_END = bytes.fromhex("000000001000800000aa00389b71")


def clicks(seconds: float = 4.0) -> np.ndarray:
    """Quiet noise with a click every half second."""
    audio = 0.01 * np.random.default_rng(0).standard_normal(int(seconds * RATE))
    audio[RATE // 4 :: RATE // 2] = 0.9
    return audio


def click_seconds(audio: np.ndarray) -> list[float]:
    """Where the clicks are, to a hundredth."""
    level = np.abs(audio).reshape(-1, RATE // 100).max(axis=1) if len(audio) % (RATE // 100) == 0 else None
    if level is None:
        level = np.abs(audio[: len(audio) // (RATE // 100) * (RATE // 100)]).reshape(-1, RATE // 100).max(axis=1)
    (places,) = np.nonzero(level > 0.15)
    return [float(place) / 100 for place in places if place - 1 not in places]


def chunk(name: bytes, body: bytes, declared: int | None = None) -> bytes:
    """A chunk of a RIFF file, which may lie about its length."""
    size = len(body) if declared is None else declared
    return name + struct.pack("<I", size) + body + bytes(len(body) % 2)


def fmt(bits: int = 16, word_bits: int | None = None, channels: int = 1, tag: int = 1) -> bytes:
    """A chunk that says the format; as WAVE_EXTENSIBLE where words are wider than what is valid in them."""
    word = bits if word_bits is None else word_bits
    base = struct.pack("<HIIHH", channels, RATE, RATE * channels * word // 8, channels * word // 8, word)
    if word_bits is None:
        return chunk(b"fmt ", struct.pack("<H", tag) + base)
    return chunk(b"fmt ", b"\xfe\xff" + base + struct.pack("<HHIH", 22, bits, 0, tag) + PCM_GUID_END)


def riff(path: Path, *chunks: bytes) -> Path:
    """Write a WAVE."""
    body = b"".join(chunks)
    path.write_bytes(b"RIFF" + struct.pack("<I", (len(body) + 4) & 0xFFFFFFFF) + b"WAVE" + body)
    return path


def pcm16(audio: np.ndarray) -> bytes:
    """Samples of 16 bits."""
    return np.round(audio * 32767).astype("<i2").tobytes()


def ffmpeg(*arguments: object) -> None:
    """Run Debian's ffmpeg."""
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, arguments)], check=True)


def joined(target: Path, *parts: Path) -> Path:
    """Files, one after another, as one."""
    target.write_bytes(b"".join(part.read_bytes() for part in parts))
    return target
