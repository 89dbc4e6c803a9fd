"""Bare samples, as the user describes them."""

from typing import Any, NamedTuple

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


def demuxer(pcm: Pcm | None) -> dict[str, Any]:
    """What PyAV is to be told, where the sound itself does not."""
    if pcm is None:
        return {}
    options = {"sample_rate": str(pcm.sample_rate), "ch_layout": f"{pcm.channels}c"}
    return {"format": pcm.sample_format, "options": options}
