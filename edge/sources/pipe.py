"""Live sound on stdin, as `arecord` or FFmpeg pass it on: a pipe is placed in time by when its samples arrive.

A pipe says nothing of what its writer has lost, nor for how long it waited. Its samples are therefore counted against
the clock, as those of a microphone are (`edge.sources.microphone.continuity`).
"""

import threading
import time
from collections.abc import Iterator
from queue import Empty, SimpleQueue

import numpy as np
from numpy.typing import NDArray

from edge.sources.audio import AudioFile, Pcm
from edge.sources.microphone import CapturedBlock, Continuity
from edge.sources.source import Item, State

_POLL_SECONDS = 0.1
_SILENT_POLLS = 25  # after which it is told that nothing comes; as for a microphone


class LivePipe:
    """Stdin, on which sound comes as it is made.

    Its end is the end. Of a container its own time stamps do not count, only its samples and when they came.

    Args:
        name: as the log names it.
        pcm: what its bare samples are; None for a container, which says so itself.
        track: of a container; see `edge.sources.audio.choose_track`.
        paced: read no faster than it plays, so that a file that is piped in is heard at its own pace.
    """

    live = True

    def __init__(self, *, name: str, pcm: Pcm | None = None, track: str = "default", paced: bool = False) -> None:
        self.name = name
        self._pcm, self._track, self._paced = pcm, track, paced

    def items(self, stopping: threading.Event) -> Iterator[Item]:
        """See `Source.items`."""
        continuity, reader = Continuity("reconnect"), _Reader(self._pcm, self._track, paced=self._paced)
        sample_rate, sounding, silent_polls = 0, False, 0
        failure: Exception | None = None
        try:
            while not stopping.is_set():
                said = reader.next(_POLL_SECONDS)
                if said is None:
                    # Counted rather than timed: a process that was stopped for a while has not waited.
                    silent_polls += 1
                    if silent_polls == _SILENT_POLLS and sounding:
                        sounding = False
                        yield State("lost", f"nothing came for {_SILENT_POLLS * _POLL_SECONDS:g} s")
                    continue
                if isinstance(said, _End):
                    failure = said.failure
                    break
                silent_polls = 0
                if said.sample_rate != sample_rate:
                    yield from continuity.disconnect()
                    sample_rate = said.sample_rate
                    continuity.connect(sample_rate)
                if not sounding:
                    sounding = True
                    yield State("connected", f"stdin, {sample_rate} Hz")
                yield from continuity.push(CapturedBlock(said.samples, said.arrived))
            yield from continuity.disconnect()
            yield from continuity.end(time.monotonic())
            if failure is not None:
                raise failure
        finally:
            reader.close()


class _Arrived:
    """Samples that have come.

    Attributes:
        samples: `[samples, channels]`.
        sample_rate: Hz.
        arrived: when, by `time.monotonic`.
    """

    def __init__(self, samples: NDArray[np.float32], sample_rate: int) -> None:
        self.samples, self.sample_rate, self.arrived = samples, sample_rate, time.monotonic()


class _End:
    """There is nothing more."""

    def __init__(self, failure: Exception | None) -> None:
        self.failure = failure


class _Reader:
    """Reads stdin in a thread, which is left behind if it waits for sound when nobody wants any."""

    def __init__(self, pcm: Pcm | None, track: str, *, paced: bool) -> None:
        self._pcm, self._track, self._paced = pcm, track, paced
        self._said: SimpleQueue[_Arrived | _End] = SimpleQueue()
        self._closing = threading.Event()
        threading.Thread(target=self._run, name="reader of stdin", daemon=True).start()

    def next(self, timeout_seconds: float) -> _Arrived | _End | None:
        """What has come, or None where nothing did in time."""
        try:
            return self._said.get(timeout=timeout_seconds)
        except Empty:
            return None

    def close(self) -> None:
        """End the thread, once it has what it waits for."""
        self._closing.set()

    def _run(self) -> None:
        failure = None
        try:
            self._read()
        except Exception as exc:  # noqa: BLE001  # a dead thread must not leave its reader waiting
            failure = exc
        self._said.put(_End(failure))

    def _read(self) -> None:
        with AudioFile(None, self._pcm, self._track, block_seconds=0.0) as file:
            began, seconds = time.monotonic(), 0.0
            for piece in file.pieces():
                if piece.lost:
                    continue
                seconds += len(piece.samples) / file.sample_rate
                if self._paced:
                    self._closing.wait(max(0.0, began + seconds - time.monotonic()))
                if self._closing.is_set():
                    return
                self._said.put(_Arrived(piece.samples, file.sample_rate))
