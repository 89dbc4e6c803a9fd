import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

from tests.edge.live.pulse import Pulse, hang, kill, pulse_of_the_test, replug, suspend, wait_until  # noqa: F401  # the fixture

# Writes down what a microphone says, until its stdin is closed.
HEAR = """
import json, sys, threading
from edge.sources.microphone.source import Microphone
from edge.sources.source import Block

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
                [sys.executable, "-c", HEAR, device], stdin=subprocess.PIPE, stdout=log, env=pulse.environment
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

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


def python(pulse: Pulse, code: str, *arguments: str) -> str:
    """What a program prints."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=pulse.environment, capture_output=True, text=True, check=False
    )
    assert 0 == done.returncode, done.stderr
    return done.stdout.rstrip()


FAIL = """
import sys, threading
from edge.errors import SedError
from edge.sources.microphone.source import Microphone

try:
    next(iter(Microphone(sys.argv[1] or None, "mic").items(threading.Event())))
except SedError as exc:
    print(type(exc).__name__, exc)
"""
