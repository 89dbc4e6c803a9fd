"""A file of settings in TOML."""

import tomllib
from pathlib import Path
from typing import Any

from edge.errors import SettingError

_LONGEST_FILE = 100_000  # bytes


def read_toml(path: str) -> dict[str, Any]:
    """The content of a TOML file of settings.

    Raises:
        SettingError: if it cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(_LONGEST_FILE + 1)
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else str(exc)
        raise SettingError(f"{path}: {reason}; --config expects a TOML file") from exc
    if len(content) > _LONGEST_FILE:
        raise SettingError(f"{path}: is longer than {_LONGEST_FILE} bytes; --config expects a TOML file of settings")
    try:
        return tomllib.loads(content.decode())
    except (ValueError, RecursionError) as exc:  # of TOML, of UTF-8, of numbers with thousands of digits
        raise SettingError(f"{path}: is no TOML ({exc}); expected lines such as hop = 0.5") from exc
