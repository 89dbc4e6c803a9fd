"""A file that is there whole or not at all."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


def part_of(path: Path) -> Path:
    """The name under which a file is written before it has its own."""
    return path.with_name(path.name + ".part")


@contextlib.contextmanager
def whole_file(path: Path, part: Path | None = None) -> Iterator[BinaryIO]:
    """A file to write to, which replaces `path` once it is on the disk; if that fails, `path` stays as it was.

    Args:
        path: of the file.
        part: its name until then; `part_of(path)` if None.

    Raises:
        OSError: if it cannot be written.
    """
    part = part_of(path) if part is None else part
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        with contextlib.suppress(OSError):  # it may be a folder
            part.unlink(missing_ok=True)
        raise
