import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import soundfile

from edge.sources.audio import read_audio
from tests.conftest import DEMO, command

pytestmark = pytest.mark.realtime

_RATE = 16_000
_BEFORE, _PAUSE, _END = 9.6, 8.0, 30.0  # of the demo recording, in seconds: nothing sounds at 9.6

# Writes a file's bytes in their own time, a tenth of a second at once, with a pause; says when its sound began.
_WRITER = """
import sys, time
path, head, rate, before, pause = sys.argv[1], *map(float, sys.argv[2:])
head, data = int(head), open(path, "rb").read()
sys.stdout.buffer.write(data[:head])
step, t0, off = int(rate / 10), time.time(), 0.0
print(t0, file=sys.stderr, flush=True)
for number, begin in enumerate(range(head, len(data), step)):
    if begin - head >= before * rate and not off:
        off = pause
    time.sleep(max(0.0, t0 + off + (number + 1) / 10 - time.time()))
    sys.stdout.buffer.write(data[begin : begin + step])
    sys.stdout.buffer.flush()
"""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a minute of the demo recording as a WAV."""
    path = tmp_path_factory.mktemp("clip") / "clip.wav"
    soundfile.write(path, read_audio(DEMO, _RATE, _END), _RATE)
    return path


def log_of(path: Path, pause: float, *arguments: str, head: int = 44) -> tuple[float, list[dict[str, Any]]]:
    """When the sound of a stalled pipe began, by its writer, and what `sed-stream -` says of it."""
    numbers = map(str, (head, 2 * _RATE, _BEFORE, pause))
    with subprocess.Popen(
        [sys.executable, "-c", _WRITER, path, *numbers], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as writer:
        done = subprocess.run(
            [command("sed-stream"), "-", *arguments], stdin=writer.stdout, capture_output=True, check=True, text=True
        )
        assert writer.stderr is not None
        began = float(writer.stderr.read())
    return began, [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("arguments", "head"),
    [(["--live"], 44), (["--live", "--pcm", f"s16le:{_RATE}:1"], 0)],
    ids=["container", "pcm"],
)
@pytest.mark.parametrize("pause", [_PAUSE, 1.6])
def test_a_pause_in_a_live_pipe_is_a_gap_and_moves_no_time(
    clip: Path, tmp_path: Path, arguments: list[str], head: int, pause: float
) -> None:
    """Every onset at its time of day within 0.3 s; the gap has the pause's length; drift has no part in it."""
    if not head:
        (tmp_path / "bare").write_bytes(clip.read_bytes()[44:])
    began, log = log_of(clip if head else tmp_path / "bare", pause, *arguments, head=head)
    file = subprocess.run([command("sed-stream"), clip], capture_output=True, check=True, text=True).stdout
    expected = [record for record in map(json.loads, file.splitlines()) if record["type"] == "event"]
    events = [record for record in log if record["type"] == "event"]
    assert [event["label"] for event in expected] == [event["label"] for event in events]
    for true, event in zip(expected, events, strict=True):
        at = began + true["onset"] + (pause if true["onset"] > _BEFORE else 0.0)
        assert pytest.approx(at, abs=0.3) == datetime.fromisoformat(event["onset_utc"]).timestamp()
    gaps = [(record["reason"], record["offset"] - record["onset"]) for record in log if record["type"] == "gap"]
    assert [("reconnect", pytest.approx(pause, abs=0.2))] == gaps
    assert "clock" == log[0]["started_at_from"]
    states = [record["state"] for record in log if record["type"] == "source"]
    assert (["connected", "lost", "connected"] if pause > 2.5 else ["connected"]) == states
