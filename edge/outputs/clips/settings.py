"""What can be set of clips: `--clip-option KEY=VALUE`, or the table `[clip-option]` of the settings file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from edge.errors import SettingError, did_you_mean
from edge.outputs.values import Reader, number, read_options

_UNITS = {"kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
FORMATS = ("flac", "opus", "wav")


@dataclass(frozen=True, kw_only=True)
class ClipSettings:
    """Settings of clips.

    Attributes:
        pre: seconds before the onset.
        post: seconds after the offset.
        longest: seconds of an event; of a longer one, these last ones.
        format: `flac`, `opus` or `wav`.
        quota: most bytes that all clips together may have.
        least_free: bytes that stay free on the disk.
        best: so many clips of each label, those of the highest confidence, are never deleted.
        days: clips of so many last days are never deleted.
        save: labels to save; all if empty.
        skip: labels not to save.
        near: least peak of a near miss; none are saved if it is None.
        near_per_hour: most near misses an hour.
        pictures: whether a spectrogram is drawn beside each clip.
    """

    pre: float = 2.0
    post: float = 2.0
    longest: float = 30.0
    format: str = "flac"
    quota: int = 5 * 10**9
    least_free: int = 10**9
    best: int = 20
    days: float = 7.0
    save: frozenset[str] = frozenset()
    skip: frozenset[str] = frozenset()
    near: float | None = None
    near_per_hour: int = 10
    pictures: bool = False

    @classmethod
    def parse(cls, texts: Mapping[str, str], labels: frozenset[str]) -> "ClipSettings":
        """Read the values of `--clip-option`.

        Args:
            texts: key -> value.
            labels: that the model knows.

        Raises:
            SettingError: if a key or a value is wrong.

        >>> ClipSettings.parse({"pre": "1", "quota": "500MB"}, frozenset()).quota
        500000000
        """
        settings = cls(**read_options("--clip-option", texts, _READERS))
        for label in sorted(settings.save | settings.skip):
            if label not in labels:
                raise SettingError(f"--clip-option: the model knows no label {label!r}{did_you_mean(label, labels)}")
        return settings

    def saves(self, label: str) -> bool:
        """Whether clips of a label are saved."""
        return (not self.save or label in self.save) and label not in self.skip


def _count(text: str) -> int | None:
    return int(text) if re.fullmatch(r"\d{1,9}", text) else None


def _bytes(text: str) -> int | None:
    size = re.fullmatch(r"(\d{1,9}(?:\.\d+)?) ?(kB|MB|GB|TB)", text)
    return None if size is None else round(float(size[1]) * _UNITS[size[2]])


def _labels(text: str) -> frozenset[str]:
    return frozenset(label.strip() for label in text.split(",") if label.strip())


_SECONDS = "seconds, from 0 to 600"
_SIZE = "a size such as 500MB or 5GB"
_READERS: dict[str, tuple[str, Reader]] = {
    "pre": (_SECONDS, number(0.0, 600.0)),
    "post": (_SECONDS, number(0.0, 600.0)),
    "longest": ("seconds, from 1 to 3600", number(1.0, 3600.0)),
    "format": (" or ".join(FORMATS), lambda text: text if text in FORMATS else None),
    "quota": (_SIZE, _bytes),
    "least-free": (_SIZE, _bytes),
    "best": ("a whole number", _count),
    "days": ("a number of days", number(0.0, 1e6)),
    "save": ("labels", _labels),
    "skip": ("labels", _labels),
    "near": ("a score between 0 and 1", number(0.001, 0.999)),
    "near-per-hour": ("a whole number", _count),
}
