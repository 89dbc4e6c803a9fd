"""Lengths of time, as a person writes them in settings."""

import re
from datetime import timedelta

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
