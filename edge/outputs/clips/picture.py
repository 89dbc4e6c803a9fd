"""The spectrogram of a clip as a PNG, with its event marked. Needs matplotlib, of the extra `plot`."""

import io

import numpy as np
from numpy.typing import NDArray

from edge.outputs.clips.recall import Cut

_RANGE_DB = 80.0
_COLUMNS = 1_000  # most columns of the picture


def draw(cut: Cut, onset: float, offset: float, title: str) -> bytes:
    """Draw a clip; `onset` and `offset` are seconds within it."""
    from matplotlib.figure import Figure

    mono = cut.samples.mean(axis=1)
    seconds = len(mono) / cut.sample_rate
    figure = Figure(figsize=(8.0, 3.0), dpi=100, layout="constrained")
    axes = figure.add_subplot()
    extent = (0.0, seconds, 0.0, cut.sample_rate / 2000)
    axes.imshow(_levels_db(mono), origin="lower", aspect="auto", extent=extent, cmap="magma")
    axes.axvspan(onset, offset, fill=False, edgecolor="white", linewidth=1.5)
    axes.set(xlabel="s", ylabel="kHz", title=title)
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


def _levels_db(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """`[frequencies, times]`, in dB below the loudest."""
    size = 512
    padded = np.pad(samples, (0, max(0, size - len(samples))))
    hop = max(size // 2, len(padded) // _COLUMNS)
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop]
    power = np.square(np.abs(np.fft.rfft(frames * np.hanning(size), axis=1))).T
    levels = 10.0 * np.log10(power + 1e-12)
    clipped: NDArray[np.float64] = np.maximum(levels, levels.max() - _RANGE_DB)
    return clipped
