"""Where sound comes from. A source knows nothing of models."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from edge.audio import AudioFile


class Block(NamedTuple):
    """A piece of sound.

    Attributes:
        samples: `[samples, channels]`.
        sample_rate: Hz; may change from one block to the next.
        heard_at: when its first sample was heard, by `time.monotonic`; None from a source without a time of day.
    """

    samples: NDArray[np.float32]
    sample_rate: int
    heard_at: float | None = None


class Gap(NamedTuple):
    """So many seconds, before the next block, in which nothing was heard.

    Attributes:
        seconds: how long.
        reason: `decode` (damaged), `overrun` (nobody could keep up), `reconnect` (a stream), `device` (a microphone).
    """

    seconds: float
    reason: str


class State(NamedTuple):
    """What becomes of a live source: it is `connected`, `lost` or `retrying`; `detail` says why, for people."""

    state: str
    detail: str


Item = Block | Gap | State


class Source(Protocol):
    """One source of sound.

    Attributes:
        name: as the log names it.
        live: whether its sound goes on while nobody takes it; else it waits.
    """

    name: str
    live: bool

    def items(self, stopping: threading.Event) -> Iterator[Item]:
        """Open it and yield what it says until it ends, or soon after `stopping` is set.

        Whatever it opened is closed when the iterator ends or is closed.

        Raises:
            SourceError: if it cannot be opened or, where there is nobody to reconnect to, goes on no longer.
        """


class FileSource:
    """An audio file, or whatever container comes on stdin.

    Args:
        name: a path, or `-` for stdin.
    """

    live = False

    def __init__(self, name: str) -> None:
        self.name = name
        self.seconds: float | None = None  # its length, once it is open and if it is known

    def items(self, stopping: threading.Event) -> Iterator[Item]:  # noqa: ARG002  # whoever reads it stops reading
        """See `Source.items`."""
        with AudioFile(None if self.name == "-" else Path(self.name)) as file:
            self.seconds = file.declared_seconds
            for piece in file.pieces():
                if piece.lost:
                    yield Gap(len(piece.samples) / file.sample_rate, "decode")
                else:
                    yield Block(piece.samples, file.sample_rate)
