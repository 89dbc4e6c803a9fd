"""What systemd is told of a unit with `Type=notify`: ready, a watchdog that is fed by sound, and a status line.

The watchdog is fed only while a source is heard, or where none goes on: a process that runs and hears nothing is
restarted after `WatchdogSec=`.
"""

import contextlib
import os
import socket
import time
from collections.abc import Sequence

from edge.log import Record
from edge.outputs.health.state import HealthState, Limits
from edge.outputs.output import Output, Sound

_STATUS_SECONDS = 10.0


class SystemdOutput(Output):
    """Notifies systemd.

    Args:
        address: of its socket, `NOTIFY_SOCKET` of the environment.
        watchdog_seconds: of the unit, if it has a watchdog.
        sources: names of those that begin with the run.
    """

    name, hears = "systemd", True

    def __init__(self, address: str, watchdog_seconds: float | None, sources: Sequence[str]) -> None:
        super().__init__()
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._state = HealthState(sources, Limits(), lambda: None, list, time.monotonic())
        self._feed_seconds = None if watchdog_seconds is None else watchdog_seconds / 2
        self._is_ready = False
        self._said_at = self._fed_at = -_STATUS_SECONDS

    @classmethod
    def of_environment(cls, sources: Sequence[str]) -> "SystemdOutput | None":
        """The one that systemd asks for, if it does."""
        address, interval = os.environ.get("NOTIFY_SOCKET", ""), os.environ.get("WATCHDOG_USEC", "")
        if not address.startswith(("/", "@")) or not hasattr(socket, "AF_UNIX"):
            return None
        ours = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        return cls(address, int(interval) / 1e6 if ours and interval.isdecimal() else None, sources)

    def write(self, record: Record) -> None:
        """See `Output.write`."""
        self._state.note(record, time.monotonic())

    def hear(self, sound: Sound) -> None:
        """See `Output.hear`."""
        self._state.hear(sound)

    def tick(self) -> None:
        """Say what is due."""
        now, lines = time.monotonic(), list[str]()
        if not self._is_ready and self._state.is_ready:
            self._is_ready = True
            lines.append("READY=1")
        if self._is_ready and now - self._said_at >= _STATUS_SECONDS:
            self._said_at = now
            lines.append(f"STATUS={self._status(now)}")
        if self._feed_seconds is not None and self._is_heard(now) and now - self._fed_at >= self._feed_seconds / 2:
            self._fed_at = now
            lines.append("WATCHDOG=1")
        self._notify(lines)

    def close(self) -> None:
        """Say that the unit ends."""
        self._notify(["STOPPING=1"])

    def _is_heard(self, now: float) -> bool:
        assert self._feed_seconds is not None
        going = [listening for _, listening, _ in self._state.sources() if not listening.ended]
        return not going or min(listening.missing_seconds(now) for listening in going) < self._feed_seconds

    def _status(self, now: float) -> str:
        sources = [name for name, listening, _ in self._state.sources() if not listening.ended]
        coverage = self._state.coverage(now)
        said = "no coverage yet" if coverage is None else f"least coverage of five minutes {coverage:.3f}"
        return f"{len(sources)} source{'' if len(sources) == 1 else 's'}, {said}"

    def _notify(self, lines: Sequence[str]) -> None:
        if lines:
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.sendto("\n".join(lines).encode(), self._address)
