"""What can be set of clips: `--clip-option KEY=VALUE`, or the table `[clip-option]` of the settings file."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from edge.errors import SettingError, did_you_mean

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
        chosen: dict[str, Any] = {}
        for key, text in texts.items():
            if key not in _READERS:
                raise SettingError(f"--clip-option {key}: no such setting{did_you_mean(key, _READERS)}")
            expected, read = _READERS[key]
            value = read(text)
            if value is None:
                raise SettingError(f"--clip-option {key}={text}: expected {expected}")
            chosen[key.replace("-", "_")] = value
        settings = replace(cls(), **chosen)
        for label in sorted(settings.save | settings.skip):
            if label not in labels:
                raise SettingError(f"--clip-option: the model knows no label {label!r}{did_you_mean(label, labels)}")
        return settings

    def saves(self, label: str) -> bool:
        """Whether clips of a label are saved."""
        return (not self.save or label in self.save) and label not in self.skip


def _number(least: float, most: float) -> Callable[[str], float | None]:
    def read(text: str) -> float | None:
        try:
            value = float(text)
        except ValueError:
            return None
        return value if least <= value <= most else None

    return read


def _count(text: str) -> int | None:
    return int(text) if re.fullmatch(r"\d{1,9}", text) else None


def _bytes(text: str) -> int | None:
    size = re.fullmatch(r"(\d{1,9}(?:\.\d+)?) ?(kB|MB|GB|TB)", text)
    return None if size is None else round(float(size[1]) * _UNITS[size[2]])


def _labels(text: str) -> frozenset[str]:
    return frozenset(label.strip() for label in text.split(",") if label.strip())


_SECONDS = "seconds, from 0 to 600"
_SIZE = "a size such as 500MB or 5GB"
_READERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "pre": (_SECONDS, _number(0.0, 600.0)),
    "post": (_SECONDS, _number(0.0, 600.0)),
    "longest": ("seconds, from 1 to 3600", _number(1.0, 3600.0)),
    "format": (" or ".join(FORMATS), lambda text: text if text in FORMATS else None),
    "quota": (_SIZE, _bytes),
    "least-free": (_SIZE, _bytes),
    "best": ("a whole number", _count),
    "days": ("a number of days", _number(0.0, 1e6)),
    "save": ("labels", _labels),
    "skip": ("labels", _labels),
    "near": ("a score between 0 and 1", _number(0.001, 0.999)),
    "near-per-hour": ("a whole number", _count),
}
