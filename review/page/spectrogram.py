"""A clip as a picture: its log-mel spectrogram as a PNG, over the whole width, from low to high."""

import math
import struct
import zlib
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

_COLUMNS, _ROWS = 1_000, 128  # most columns
_WINDOW_SECONDS = 0.025
_LOWEST_HZ = 40.0
_RANGE_DB = 70.0
# From the faintest to the loudest: red, green, blue.
_COLOURS = ((0, 0, 4), (60, 15, 110), (150, 40, 120), (225, 80, 85), (252, 165, 80), (252, 253, 191))


def draw(path: Path) -> bytes:
    """The picture of a file; its columns are short pieces at even distances, the mean of all channels.

    Raises:
        soundfile.LibsndfileError: if it cannot be read.
    """
    with soundfile.SoundFile(path) as file:
        size = 2 ** round(math.log2(_WINDOW_SECONDS * file.samplerate))
        hop = max(size // 4, math.ceil(file.frames / _COLUMNS))
        blocks = file.blocks(blocksize=max(size, hop), overlap=max(0, size - hop), fill_value=0.0, always_2d=True)
        pieces = np.stack([block[:size].mean(axis=1) for block in blocks] or [np.zeros(size)])  # [columns, size]
        levels = _band_levels(pieces, file.samplerate).T[::-1]  # [rows, columns], high ones at the top
    shades = 1.0 + (levels - levels.max()) / _RANGE_DB
    return _png(np.rint(255 * np.clip(shades, 0.0, 1.0)).astype(np.uint8))


def _band_levels(pieces: NDArray[np.float64], sample_rate: int) -> NDArray[np.float64]:
    """The mean power in bands that are even on the mel scale, in dB; low bands may be narrower than a bin.

    Shape:
        [columns, size] -> [columns, rows]
    """
    size = pieces.shape[1]
    lowest, highest = (2595 * math.log10(1 + hz / 700) for hz in (_LOWEST_HZ, sample_rate / 2))
    edges = 700 * (10 ** (np.linspace(lowest, highest, _ROWS + 1) / 2595) - 1) * size / sample_rate  # in bins
    power = np.square(np.abs(np.fft.rfft(pieces * np.hanning(size))))
    total = np.pad(np.cumsum(power, axis=1), ((0, 0), (1, 0)))  # up to each bin
    below = edges.astype(int)
    part = edges - below
    at_edges = (1 - part) * total[:, below] + part * total[:, below + 1]
    levels: NDArray[np.float64] = 10 * np.log10(np.diff(at_edges) / np.diff(edges) + 1e-10)
    return levels


def _png(shades: NDArray[np.uint8]) -> bytes:
    """A picture with 256 colours; `shades` is `[rows, columns]`."""
    stops = np.linspace(0, 255, len(_COLOURS))
    colours = np.stack([np.interp(np.arange(256), stops, channel) for channel in zip(*_COLOURS, strict=True)], axis=1)
    rows, columns = shades.shape
    lines = np.concatenate([np.zeros((rows, 1), np.uint8), shades], axis=1)  # each line begins with its filter: none
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", columns, rows, 8, 3, 0, 0, 0)),
        (b"PLTE", np.rint(colours).astype(np.uint8).tobytes()),
        (b"IDAT", zlib.compress(lines.tobytes(), 6)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
