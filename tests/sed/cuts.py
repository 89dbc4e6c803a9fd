"""Cuts of the demo recording, in any format and layout."""

import functools
from pathlib import Path

import av
import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from tests.conftest import DEMO

DOG, ROOSTER, QUIET = 2.0, 6.0, 11.6  # seconds at which they are in the demo recording


@functools.cache
def _demo() -> tuple[NDArray[np.float32], int]:
    return soundfile.read(DEMO, dtype="float32")


def write_cut(path: Path, begin: float = ROOSTER, seconds: float = 1.0, rate: int = 16_000, channels: int = 1) -> Path:
    """Write a part of the demo recording; the suffix gives the format."""
    demo, demo_rate = _demo()
    mono = soxr.resample(demo[int(begin * demo_rate) : int((begin + seconds) * demo_rate)], demo_rate, rate)
    audio = np.repeat(mono[:, None], channels, axis=1).astype(np.float32)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".m4a":
        _write_aac(path, audio, rate)
    else:
        soundfile.write(path, audio, rate)
    return path


def _write_aac(path: Path, audio: NDArray[np.float32], rate: int) -> None:
    layout = "stereo" if audio.shape[1] == 2 else "mono"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=rate, layout=layout)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(audio.T), format="fltp", layout=layout)
        frame.rate = rate
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)


def write_table(path: Path, *rows: str) -> Path:
    """Write a table whose fields are separated by single spaces in `rows`; TSV or CSV by its suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    delimiter = "\t" if path.suffix == ".tsv" else ","
    path.write_text("".join(row.replace(" ", delimiter) + "\n" for row in rows), encoding="utf-8")
    return path
