"""A microphone as a source: whenever its sound stops it is opened again."""

import threading
import time
from collections.abc import Iterator

from edge.errors import SourceError
from edge.sources.arrival import Backoff
from edge.sources.microphone.continuity import Continuity
from edge.sources.microphone.recording import Opened, Recording
from edge.sources.source import Item, State

_POLL_SECONDS = 0.25
_SILENT_POLLS = 10  # some sound servers hand on sound only every 2 s
_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 0.25, 1.5


class Microphone:
    """A microphone.

    Args:
        device: an index, or part of a name; None for the default.
        name: as the log names it.
    """

    live = True

    def __init__(self, device: str | None, name: str) -> None:
        self.name = name
        self._device = device
        self._opened = False  # ever

    def items(self, stopping: threading.Event) -> Iterator[Item]:
        """See `Source.items`. Only a first opening can fail; later the device is looked for until it is back.

        Raises:
            InstallError: if this machine has no PortAudio.
        """
        continuity, backoff = Continuity(), Backoff(_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS)
        connected, trouble = False, ""
        while not stopping.is_set():
            reason = ""
            try:
                with Recording(self._device, anew=self._opened) as recording:
                    for item in self._hear(recording, continuity, stopping):
                        connected = True
                        yield item
            except SourceError as exc:
                if not self._opened:
                    raise
                reason = str(exc)
            yield from continuity.disconnect()
            if stopping.is_set():
                break
            if connected:
                backoff.reset()
                yield State("lost", reason)
            elif reason != trouble:
                yield State("retrying", reason)
            connected, trouble = False, reason
            stopping.wait(backoff.next())
        yield from continuity.end(time.monotonic())

    def _hear(self, recording: Recording, continuity: Continuity, stopping: threading.Event) -> Iterator[Item]:
        """One connection, from its first sound on."""
        opened: Opened | None = None
        sounding, silent_polls = False, 0
        while True:
            said = recording.next(0.0 if stopping.is_set() else _POLL_SECONDS)
            if said is None:
                if stopping.is_set():
                    return
                # Counted rather than timed: a process that was stopped for a while has not waited.
                silent_polls += opened is not None
                if silent_polls == _SILENT_POLLS:
                    raise SourceError(f"no sound came for {_SILENT_POLLS * _POLL_SECONDS:g} s")
            elif isinstance(said, Opened):
                opened = said
                self._remember(opened)
                continuity.connect(opened.sample_rate)
            else:
                silent_polls = 0
                if not sounding:
                    sounding = True
                    assert opened is not None
                    yield State("connected", f"{opened.device.full_name}, {opened.sample_rate} Hz")
                yield from continuity.push(said)

    def _remember(self, opened: Opened) -> None:
        self._opened = True
        if self._device is not None and self._device.isdecimal():
            self._device = opened.device.full_name  # an index may mean another device later
