"""Where sound comes from. A source knows nothing of models."""

import math
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from edge.sources.audio import AudioFile, Pcm
from edge.sources.slots import in_slots, work_slots

_BLOCK_SECONDS = 1.0  # of a file
_REALTIME_BLOCK_SECONDS = 0.1  # at its own pace, where no hop is shorter
_reading_slots = work_slots()


class Block(NamedTuple):
    """A piece of sound.

    Attributes:
        samples: `[samples, channels]`.
        sample_rate: Hz; may change from one block to the next.
        heard_at: when its first sample was captured, by `time.monotonic`; None from a source without a time of day.
        rest_seconds: for which its source may be left alone now, at most: nothing waits behind the block, and what
            comes meanwhile is kept for the next read.
    """

    samples: NDArray[np.float32]
    sample_rate: int
    heard_at: float | None = None
    rest_seconds: float = 0.0

    @property
    def seconds(self) -> float:
        """Its length."""
        return len(self.samples) / self.sample_rate


class Gap(NamedTuple):
    """Seconds without sound before the next block.

    Attributes:
        seconds: how long.
        reason: `decode` (damaged), `absent` (a file's sound begins after its picture), `overrun` (nobody could keep
            up), `reconnect` (a stream), `device` (a microphone).
    """

    seconds: float
    reason: str


class State(NamedTuple):
    """What becomes of a source: `connected`, `lost`, `retrying`, or a `warning` about it; `detail` is for people."""

    state: str
    detail: str


Item = Block | Gap | State


class Source(Protocol):
    """One source of sound.

    Attributes:
        name: as the log names it.
    """

    name: str

    @property
    def live(self) -> bool:
        """Whether its sound goes on while nobody takes it; else it waits. Settled once its first item is there."""

    def items(self, stopping: threading.Event) -> Iterator[Item]:
        """Open it and yield what it says until it ends, or soon after `stopping` is set.

        Whatever it opened is closed when the iterator ends or is closed.

        Raises:
            SourceError: if it cannot be opened or, where there is nobody to reconnect to, goes on no longer.
        """


class FileSource:
    """An audio file, or whatever comes on stdin.

    Args:
        path: of the file, or `-` for stdin.
        name: as the log names it; the path unless given.
        realtime: play it at its own pace, as a live source.
        pcm: what comes on stdin, if it is bare samples.
        hop_seconds: in which it is used, if known: at its own pace no block lasts much longer.

    Attributes:
        path: of the file; None for stdin.
    """

    def __init__(
        self,
        path: str,
        *,
        name: str | None = None,
        realtime: bool = False,
        pcm: Pcm | None = None,
        track: str = "default",
        hop_seconds: float = math.inf,
    ) -> None:
        self._pcm, self._track = pcm, track
        self._block_seconds = min(_REALTIME_BLOCK_SECONDS, hop_seconds) if realtime else _BLOCK_SECONDS
        self.name = path if name is None else name
        self.path = None if path == "-" else Path(path)
        self.live = realtime
        self.seconds: float | None = None  # its length, once it is open and if it is known

    def items(self, stopping: threading.Event) -> Iterator[Item]:
        """See `Source.items`."""
        with AudioFile(self.path, self._pcm, self._track, block_seconds=self._block_seconds) as file:
            self.seconds = file.declared_seconds
            pace, first = _Pace(), True
            # At its own pace it is one of many; else its disk, or a pipe, may keep it waiting in its slot.
            pieces = in_slots(file.pieces(), _reading_slots) if self.live else file.pieces()
            for piece in pieces:
                heard_at, heard_until = pace.take(len(piece.samples), piece.sample_rate) if self.live else (None, 0.0)
                # As a microphone's, sound is there once it has been heard.
                if self.live and stopping.wait(max(0.0, heard_until - time.monotonic())):
                    return
                late, first = first and file.late_seconds > 0.0, False
                if piece.lost:
                    yield Gap(len(piece.samples) / piece.sample_rate, "absent" if late else "decode")
                else:
                    yield Block(piece.samples, piece.sample_rate, heard_at)
                yield from _new_warnings(file)
            yield from _new_warnings(file)


def _new_warnings(file: AudioFile) -> list[State]:
    """Those that nobody has told yet."""
    told, file.warnings = file.warnings, []
    return [State("warning", text) for text in told]


class _Pace:
    """When the sound of a file is heard that is played at its own pace from now on."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._samples, self._rate = 0, 1  # since the rate last changed

    def take(self, samples: int, rate: int) -> tuple[float, float]:
        """When the next samples begin and end."""
        if rate != self._rate:
            self._began, self._samples, self._rate = self._began + self._samples / self._rate, 0, rate
        begin = self._began + self._samples / rate
        self._samples += samples
        return begin, self._began + self._samples / rate


class InTurn(NamedTuple):
    """Sources that are read one after another: the next begins where one has ended."""

    sources: tuple[Source, ...]


class Limited:
    """So many seconds of another source, counted with what is missed of it.

    A live source that yields nothing for so long ends some seconds later all the same.

    Args:
        source: the other one.
        seconds: of its sound.
    """

    def __init__(self, source: Source, seconds: float) -> None:
        self._source, self._seconds = source, seconds
        self.name = source.name

    @property
    def whole(self) -> Source:
        """The other one."""
        return self._source

    @property
    def live(self) -> bool:
        """See `Source.live`."""
        return self._source.live

    def items(self, stopping: threading.Event) -> Iterator[Item]:
        """See `Source.items`."""
        late = threading.Timer(self._seconds + _LATE_SECONDS, stopping.set)
        late.daemon = True
        if self.live:
            late.start()
        left = Fraction(self._seconds)
        try:
            for item in self._source.items(stopping):
                if isinstance(item, State):
                    yield item
                    continue
                kept = _first_of(item, left)
                left -= _exact_seconds(kept)
                is_last = kept is not item or left <= 0
                yield kept._replace(rest_seconds=0.0) if is_last and isinstance(kept, Block) else kept
                if is_last:
                    return
        finally:
            late.cancel()


_LATE_SECONDS = 5.0


def _exact_seconds(item: Block | Gap) -> Fraction:
    return Fraction(len(item.samples), item.sample_rate) if isinstance(item, Block) else Fraction(item.seconds)


def _first_of(item: Block | Gap, seconds: Fraction) -> Block | Gap:
    """At most so much of it."""
    if _exact_seconds(item) <= seconds:
        return item
    if isinstance(item, Gap):
        return item._replace(seconds=float(seconds))
    return item._replace(samples=item.samples[: round(seconds * item.sample_rate)])
