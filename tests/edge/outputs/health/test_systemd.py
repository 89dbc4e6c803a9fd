import socket
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import edge.outputs.health.systemd
from edge.outputs.health.systemd import SystemdOutput
from edge.outputs.output import Sound
from edge.sources.source import Block


class Systemd:
    """Its socket, and a clock that a test turns."""

    def __init__(self, path: Path) -> None:
        self.address, self.now = str(path), 1000.0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address)
        self._socket.setblocking(False)

    def monotonic(self) -> float:
        return self.now

    def received(self) -> list[str]:
        """The lines that came since the last call."""
        lines = []
        while True:
            try:
                lines += self._socket.recv(4096).decode().split("\n")
            except BlockingIOError:
                return lines

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Systemd]:
    """That of this test."""
    made = Systemd(tmp_path / "notify")
    monkeypatch.setattr(edge.outputs.health.systemd.time, "monotonic", made.monotonic)
    yield made
    made.close()


def second(now: float) -> Sound:
    """Of sound, processed now."""
    return Sound("porch", Block(np.zeros((8000, 1), dtype=np.float32), 8000), Fraction(0), now)


def test_a_unit_is_ready_with_its_first_sound_and_fed_by_it(systemd: Systemd) -> None:
    """While nothing is heard, it is not; again with the next sound; and it says that it ends."""
    output = SystemdOutput(systemd.address, 40.0, ["porch"])
    output.tick()
    assert ["WATCHDOG=1"] == systemd.received()  # it may have just begun
    systemd.now += 30.0
    output.tick()
    assert [] == systemd.received()
    output.hear(second(systemd.now))
    output.tick()
    assert ["READY=1", "STATUS=1 source, no coverage yet", "WATCHDOG=1"] == systemd.received()
    for _ in range(20):
        systemd.now += 1.0
        output.hear(second(systemd.now))
    output.tick()
    assert ["STATUS=1 source, least coverage of five minutes 1.000", "WATCHDOG=1"] == systemd.received()
    systemd.now += 30.0
    output.tick()
    assert [] == [line for line in systemd.received() if not line.startswith("STATUS")]
    output.hear(second(systemd.now))
    output.tick()
    output.close()
    assert ["WATCHDOG=1", "STOPPING=1"] == [line for line in systemd.received() if not line.startswith("STATUS")]


def test_only_a_unit_that_systemd_listens_to_notifies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a watchdog of another process, nothing is known."""
    for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"):
        monkeypatch.delenv(name, raising=False)
    assert SystemdOutput.of_environment([]) is None
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/systemd/notify")
    assert SystemdOutput.of_environment([]) is not None
