"""Videos whose sound does not begin with the picture, or stops for a while."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

RATE = 16_000


def write_video(path: Path, audio: np.ndarray, late_seconds: float, pause: tuple[int, float] | None = None) -> None:
    """A picture from 0 on, and this sound (16 kHz, mono) from so many seconds on.

    Args:
        path: its suffix says which container.
        audio: `[samples]`.
        late_seconds: of the sound's first sample; below 0 where the picture begins later.
        pause: a sample, and for how many seconds the time stamps jump before it.
    """
    early = max(0.0, -late_seconds)
    with av.open(str(path), "w") as container:
        picture = container.add_stream("mpeg4", rate=5, width=64, height=64, pix_fmt="yuv420p")
        sound = container.add_stream("aac", rate=RATE, layout="mono", bit_rate=96_000)
        packets = []
        for number in range(round(5 * (abs(late_seconds) + len(audio) / RATE))):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), number % 200, dtype=np.uint8), format="rgb24")
            frame.pts, frame.time_base = number + round(5 * early), Fraction(1, 5)
            packets += picture.encode(frame)
        packets += picture.encode()
        for begin in range(0, len(audio), 1024):
            piece = av.AudioFrame.from_ndarray(audio[None, begin : begin + 1024].astype(np.float32), "fltp", "mono")
            jump = pause[1] if pause is not None and begin >= pause[0] else 0.0
            piece.rate, piece.time_base = RATE, Fraction(1, RATE)
            piece.pts = begin + round((max(0.0, late_seconds) + jump) * RATE)
            packets += sound.encode(piece)
        packets += sound.encode()
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
            container.mux(packet)
