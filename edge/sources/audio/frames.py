"""What a decoder gives, as samples: the same for files and streams, whatever the format changes to on the way."""

import math
from typing import NamedTuple

import av
import numpy as np
from numpy.typing import NDArray

_CONTINUES_SECONDS = 0.02  # by which a time stamp may differ from the one that is expected; some are coarse


class DecodedBlock(NamedTuple):
    """Decoded audio, or silence where nothing could be decoded.

    Attributes:
        samples: `[samples, channels]`.
        sample_rate: Hz; it and the channels may change from one block to the next.
        stamp: its time stamp in seconds, where there is any.
        lost: whether it stands for what could not be decoded.
        arrived: when its end came, as far as its frame that came least late tells; see `FrameJoiner.push`.
    """

    samples: NDArray[np.float32]
    sample_rate: int
    stamp: float | None = None
    lost: bool = False
    arrived: float = 0.0


class FrameJoiner:
    """Joins the decoded frames of one track into blocks, in FFmpeg's own queue, and converts a whole block at once.

    A block ends early where the format changes, where time stamps do not go on, or before a frame that came later than
    it should last.

    Args:
        block_seconds: least length of a block.
    """

    def __init__(self, block_seconds: float) -> None:
        self._block_seconds = block_seconds
        self._form: tuple[str, str, int] | None = None  # sample format, channel layout, Hz
        self._seconds_per_tick: float | None = None  # of time stamps
        self._waiting_samples = 0
        self._stamp: float | None = None  # of the first that waits
        self._first_arrived = 0.0
        self._least_late = 0.0  # when the first that waits came, as far as the frame that came least late tells

    def push(self, frame: av.AudioFrame, arrived: float = 0.0) -> list[DecodedBlock]:
        """Take a frame; return the blocks that end with it: none, one, or two.

        Args:
            frame: decoded.
            arrived: when it came, on a clock that only goes forward; always the same where that does not matter.
        """
        form = (frame.format.name, frame.layout.name, frame.rate)
        if frame.samples == 0 or frame.rate <= 0:
            return []
        blocks = [] if form == self._form else self._begin(form, frame)
        stamp = None if frame.pts is None or self._seconds_per_tick is None else frame.pts * self._seconds_per_tick
        if not self._continues(stamp, frame.rate) or arrived - self._first_arrived > self._block_seconds:
            blocks += self.flush()
        if self._waiting_samples == 0:
            self._stamp, self._first_arrived, self._least_late = stamp, arrived, math.inf
        frame.pts = None  # the queue takes no stamps with rounding errors
        self._queue.write(frame)
        self._waiting_samples += frame.samples
        self._least_late = min(self._least_late, arrived - self._waiting_samples / frame.rate)
        if self._waiting_samples >= self._block_seconds * frame.rate:
            blocks += self.flush()
        return blocks

    def flush(self) -> list[DecodedBlock]:
        """The block that has begun, if any."""
        if self._waiting_samples == 0:
            return []
        joined, self._waiting_samples = self._queue.read(), 0
        assert joined is not None
        arrived = self._least_late + joined.samples / joined.rate
        return [DecodedBlock(self._floats(joined), joined.rate, self._stamp, arrived=arrived)]

    def _begin(self, form: tuple[str, str, int], frame: av.AudioFrame) -> list[DecodedBlock]:
        """Be ready for another format; return the block in the one before."""
        blocks = self.flush()
        base = frame.time_base
        self._seconds_per_tick = None if base is None else base.numerator / base.denominator
        self._form, self._queue, self._to_float = form, av.AudioFifo(), av.AudioResampler(format="flt")
        return blocks

    def _continues(self, stamp: float | None, rate: int) -> bool:
        if stamp is None or self._stamp is None or self._waiting_samples == 0:
            return True
        return abs(stamp - self._stamp - self._waiting_samples / rate) < _CONTINUES_SECONDS

    def _floats(self, frame: av.AudioFrame) -> NDArray[np.float32]:
        """`[samples, channels]`."""
        if frame.format.name == "fltp":  # what most decoders give: nothing is to be converted
            return frame.to_ndarray().T.astype(np.float32, copy=False)
        channels = frame.layout.nb_channels
        if frame.format.name == "s16":  # WAVE and FLAC, mostly
            return frame.to_ndarray().reshape(-1, channels).astype(np.float32) * np.float32(2**-15)
        converted = [part.to_ndarray() for part in self._to_float.resample(frame)]
        return np.concatenate(converted, axis=1).reshape(-1, channels).astype(np.float32, copy=False)
