from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.outputs.mqtt import output
from tests.edge.outputs.mqtt.broker import Broker


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A broker without passwords."""
    with Broker(tmp_path / "broker") as running:
        yield running


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts to connect follow each other quickly, and so does what waits for Home Assistant."""
    monkeypatch.setattr(output, "_FIRST_WAIT_SECONDS", 0.2)
    monkeypatch.setattr(output, "_LONGEST_WAIT_SECONDS", 0.5)
    monkeypatch.setattr(output, "_BIRTH_SECONDS", 0.5)
    monkeypatch.setattr(output, "_SUBSCRIBE_SECONDS", 0.2)
