"""What a decoder gives, as samples: the same for files and streams, whatever the format changes to on the way."""

from collections.abc import Iterator
from typing import NamedTuple

import av
import numpy as np
from numpy.typing import NDArray


class DecodedBlock(NamedTuple):
    """Decoded audio, or silence where nothing could be decoded.

    Attributes:
        samples: `[samples, channels]`.
        sample_rate: Hz; it and the channels may change from one piece to the next.
        stamp: its time stamp in seconds, where there is any.
        lost: whether it stands for what could not be decoded.
    """

    samples: NDArray[np.float32]
    sample_rate: int
    stamp: float | None = None
    lost: bool = False


class FrameConverter:
    """Makes pieces of decoded frames."""

    def __init__(self) -> None:
        self._form: tuple[str, str, int] | None = None
        self._to_float = av.AudioResampler(format="flt")

    def pieces(self, frame: av.AudioFrame) -> Iterator[DecodedBlock]:
        """The samples of a frame; a frame of another format than the one before is as welcome."""
        if frame.samples == 0 or frame.rate <= 0:
            return
        stamp = _stamp(frame)
        if frame.format.name == "fltp":  # what most decoders give: nothing is to be converted
            yield DecodedBlock(frame.to_ndarray().T.astype(np.float32, copy=False), frame.rate, stamp)
            return
        if frame.format.name == "s16":  # WAVE and FLAC, mostly
            whole = frame.to_ndarray().reshape(-1, frame.layout.nb_channels)
            yield DecodedBlock(whole.astype(np.float32) * np.float32(2**-15), frame.rate, stamp)
            return
        form = (frame.format.name, frame.layout.name, frame.rate)
        if form != self._form:
            self._form, self._to_float = form, av.AudioResampler(format="flt")
        for converted in self._to_float.resample(frame):
            samples = converted.to_ndarray().reshape(-1, frame.layout.nb_channels)
            yield DecodedBlock(samples.astype(np.float32, copy=False), frame.rate, stamp)


def _stamp(frame: av.AudioFrame) -> float | None:
    """Seconds."""
    base = frame.time_base
    return None if frame.pts is None or base is None else frame.pts * base.numerator / base.denominator
