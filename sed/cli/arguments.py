"""Types of arguments that the commands share."""

import os
from pathlib import Path

import click


class _GivenPath(click.Path):
    """A path that is not empty; an empty one would be the current folder."""

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        """See `click.Path.convert`."""
        if os.fspath(value) == "":
            self.fail("is empty; give a path, or . for the current folder", param, ctx)
        return super().convert(value, param, ctx)


FOLDER = FILE = _GivenPath(path_type=Path)
