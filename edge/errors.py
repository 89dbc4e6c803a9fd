"""What can go wrong, as one tree.

    SedError
    ├── InstallError      a package is missing, or two exclude each other
    ├── SourceError       audio that cannot be opened or decoded
    ├── ModelError        a model file that is not ours, or whose card lacks something
    └── SettingError      an option or a setting that does not fit the model

The training and export rooms add their own branches. A message says what came, what was expected and what to do, on
one line; commands print it and exit with `exit_code`.
"""

import difflib
from collections.abc import Iterable

_MOST_NAMES = 40  # that a message lists


class SedError(Exception):
    """Anything that a user, a file or a device can cause."""

    exit_code = 1


class InstallError(SedError):
    """The packages of this environment do not fit."""


class SourceError(SedError):
    """Audio that cannot be opened or decoded."""


class ModelError(SedError):
    """A model file that cannot be used."""


class SettingError(SedError):
    """An option or a setting that does not fit the model."""

    exit_code = 2


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of an error message: the nearest known name, or some of them.

    >>> did_you_mean("rooser", ["dog", "rooster"])
    "; did you mean 'rooster'?"
    """
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    more = len(names) - _MOST_NAMES
    return f"; known: {', '.join(names[:_MOST_NAMES])}" + (f" and {more} more" if more > 0 else "")
