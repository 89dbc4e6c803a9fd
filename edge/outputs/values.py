"""Values as a person writes them in settings: lengths of time, addresses, and tables of KEY=VALUE."""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from edge.errors import SettingError, did_you_mean

Reader = Callable[[str], Any]  # gives None for what is no such value

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


def length_of(value: object) -> timedelta:
    """A length of time: seconds, or a number and its unit.

    Raises:
        ValueError: if it is neither; the message says what is expected.

    >>> length_of("90m").total_seconds()
    5400.0
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e9:
        return timedelta(seconds=value)
    found = re.fullmatch(r"(\d{1,6}(?:\.\d{1,3})?) ?([smhd]?)", value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("expected a length of time such as 30s, 10m, 2h or 14d")
    return timedelta(seconds=float(found[1]) * _UNITS[found[2]])


def read_address(flag: str, text: str, example: str) -> tuple[str, int]:
    """The host and the port of an address `HOST:PORT`.

    Args:
        flag: the option.
        text: as the user wrote it.
        example: of what is expected.

    Raises:
        SettingError: if it is none.

    >>> read_address("--health", "[::1]:9464", "127.0.0.1:9464")
    ('::1', 9464)
    """
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.%\w]+)\]|([^:\[\]]+)):(\d{1,5})", text)
    if found is None or int(found[3]) > 65_535:
        port = example.rpartition(":")[2]
        raise SettingError(f"{flag} {text}: expected HOST:PORT, such as {example} or [::1]:{port}")
    return found[1] or found[2], int(found[3])


def read_options(flag: str, texts: Mapping[str, str], readers: Mapping[str, tuple[str, Reader]]) -> dict[str, Any]:
    """Read the values of an option such as `--clip-option`.

    Args:
        flag: the option.
        texts: key -> value, as the user wrote it.
        readers: of each key, what is expected, in words, and what reads it.

    Returns:
        Name of the setting (the key with `_` for `-`) -> value.

    Raises:
        SettingError: if a key or a value is wrong.
    """
    chosen: dict[str, Any] = {}
    for key, text in texts.items():
        if key not in readers:
            raise SettingError(f"{flag} {key}: no such setting{did_you_mean(key, readers)}")
        expected, read = readers[key]
        value = read(text)
        if value is None:
            raise SettingError(f"{flag} {key}={text}: expected {expected}")
        chosen[key.replace("-", "_")] = value
    return chosen


def number(least: float, most: float) -> Callable[[str], float | None]:
    """A reader of numbers from `least` to `most`."""

    def read(text: str) -> float | None:
        try:
            value = float(text)
        except ValueError:
            return None
        return value if least <= value <= most else None

    return read
