"""Where sound comes from. A source knows nothing of models."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from edge.audio import AudioFile


class Block(NamedTuple):
    """A piece of sound: `samples` `[samples, channels]` at `sample_rate` Hz; silence where they were `lost`."""

    samples: NDArray[np.float32]
    sample_rate: int
    lost: bool = False


class Source(Protocol):
    """One source of sound."""

    name: str

    def blocks(self) -> Iterator[Block]:
        """Open it and yield what it says until it ends.

        Raises:
            SourceError: if it cannot be opened or goes on no longer.
        """


class FileSource:
    """An audio file, or whatever container comes on stdin.

    Args:
        name: a path, or `-` for stdin.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.seconds: float | None = None  # its length, once it is open and if it is known

    def blocks(self) -> Iterator[Block]:
        """See `Source.blocks`."""
        with AudioFile(None if self.name == "-" else Path(self.name)) as file:
            self.seconds = file.declared_seconds
            for piece in file.pieces():
                yield Block(piece.samples, file.sample_rate, piece.lost)
