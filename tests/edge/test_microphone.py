import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.edge.pulse import Pulse, wait_until

# Writes down what a microphone says, until its stdin is closed.
_HEAR = """
import json, os, sys, threading
from edge.microphone import Microphone
from edge.sources import Block

stopping = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), stopping.set()), daemon=True).start()
for item in Microphone(sys.argv[1] or None, "mic").items(stopping):
    if isinstance(item, Block):
        said = {
            "heard_at": item.heard_at,
            "heard_until": item.heard_at + len(item.samples) / item.sample_rate,
            "sample_rate": item.sample_rate,
            "peak": float(abs(item.samples).max()),
        }
    else:
        said = item._asdict()
    print(json.dumps(said), flush=True)
"""


class Hearing:
    """A process that hears by a microphone; `said` grows as it goes on."""

    def __init__(self, pulse: Pulse, folder: Path, device: str = "") -> None:
        self._log = folder / "heard.jsonl"
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _HEAR, device], stdin=subprocess.PIPE, stdout=log, env=pulse.environment
            )

    @property
    def said(self) -> list[dict[str, Any]]:
        """Every whole line that it has written."""
        return [json.loads(line) for line in self._log.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def of(self, key: str) -> list[dict[str, Any]]:
        """Blocks (`heard_at`), gaps (`seconds`) or states (`state`)."""
        return [said for said in self.said if key in said]

    def wait_for_sound(self) -> None:
        """Wait until what is heard from now on has been written down."""
        now = time.monotonic()
        wait_until(lambda: any(block["heard_at"] > now for block in self.of("heard_at")[-1:]))

    def end(self) -> list[dict[str, Any]]:
        """Tell it to stop; return all that it said."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert 0 == self.process.wait(timeout=30)
        return self.said


@pytest.fixture
def pulse(tmp_path: Path) -> Iterator[Pulse]:
    """A daemon of this test's own."""
    (tmp_path / "pulse").mkdir()
    pulse = Pulse(tmp_path / "pulse")
    yield pulse
    pulse.kill()
