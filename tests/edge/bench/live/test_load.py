"""Many sources at once, and a model that cannot keep up: nothing is lost silently."""

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from edge.model.inference import Model
from tests.conftest import DEMO, ROOT, command

pytestmark = pytest.mark.realtime

Record = dict[str, Any]


@pytest.fixture(scope="module")
def long_recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo recording six times, more than five minutes."""
    path = tmp_path_factory.mktemp("long") / "long.flac"
    audio, rate = soundfile.read(DEMO, dtype="float32")
    soundfile.write(path, np.tile(audio, 6), rate)
    return path


def by_source(log: str) -> dict[str, list[Record]]:
    """The records of each source."""
    sources: dict[str, list[Record]] = {}
    for record in map(json.loads, log.splitlines()):
        sources.setdefault(record["source"], []).append(record)
    return sources


@pytest.mark.parametrize(
    ("count", "seconds"),
    [(4, 12), pytest.param(16, 300, marks=[pytest.mark.slow, pytest.mark.timeout(400)])],
)
def test_many_sources_are_heard_without_a_gap(long_recording: Path, model: Model, count: int, seconds: int) -> None:
    """At their own pace, in one process: none is slowed down, and nearly all is worked on within a hop."""
    names = [f"--name={number}={long_recording}" for number in range(count)]
    done = subprocess.run(
        [command("sed-stream"), *names, "--realtime", "--duration", str(seconds), "--stats-every", "0"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stderr
    logs, hop_seconds = by_source(done.stdout), model.card.hop_frames * model.card.frame_seconds
    assert {str(number) for number in range(count)} == logs.keys()
    for log in logs.values():
        assert {"start", "event", "stats", "stop"} == {record["type"] for record in log}
        assert (seconds, 0.0) == (log[-2]["audio_seconds"], log[-2]["gap_seconds"])
        assert log[-2]["lag_p99_seconds"] < hop_seconds, [each[-2] for each in logs.values()]


_TOO_SLOW = """
import os, sys, threading, time
from datetime import UTC, datetime
from pathlib import Path
from edge.detection.decoder import Decoder
from edge.model.inference import Model
from edge.model.library import shipped_model
from edge.session.runtime import listen
from edge.log.sinks import JsonLinesSink
from edge.sources.source import FileSource
from edge.model.score_stream import Window

# So many steps at once as there are cores: each source has one in two seconds, for a hop of a second at most.
SECONDS = 2.0 * min(1.0, len(os.sched_getaffinity(0)) / int(sys.argv[2]))

class Slow:
    def __init__(self, model):
        self.card, self.embedding_size, self.model = model.card, model.embedding_size, model

    def step(self, audio, embeddings):
        time.sleep(SECONDS)
        return self.model.step(audio, embeddings)

def watch():
    for _ in range(int(sys.argv[3])):
        time.sleep(1.0)
        print(int(Path("/proc/self/statm").read_text().split()[1]) * 4096, file=sys.stderr)
    print(datetime.now(UTC).isoformat(), file=sys.stderr)
    stopping.set()

model, stopping = Model(shipped_model(), "cpu"), threading.Event()
threading.Thread(target=watch).start()
sources = [FileSource(sys.argv[1], name=str(number), realtime=True) for number in range(int(sys.argv[2]))]
hop, lookahead = round(0.25 / model.card.frame_seconds), model.card.lookahead_frames
window = Window(lookahead + 4 * hop, hop, lookahead)
decoder = lambda: Decoder(model.card.labels, model.card.decoding)
listen(sources, Slow(model), window, decoder, JsonLinesSink(sys.stdout), stopping=stopping, queue_seconds=2.0)
"""


@pytest.mark.parametrize(("count", "seconds"), [(2, 14), pytest.param(16, 60, marks=pytest.mark.slow)])
def test_what_is_too_much_is_accounted_for(long_recording: Path, count: int, seconds: int) -> None:
    """The hop widens first, then pieces are dropped; the memory stays what it was."""
    done = subprocess.run(
        [sys.executable, "-c", _TOO_SLOW, long_recording, str(count), str(seconds)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert 0 == done.returncode, done.stderr
    *resident, ended = done.stderr.split()
    for log in by_source(done.stdout).values():
        told = [record for record in log if record["type"] in ("source", "gap")]
        # A machine that is busy with others, too, may drop a piece before the hop widens again.
        assert "hop 0.5 s" == told[0].get("detail")
        assert "hop 1 s" in [record.get("detail") for record in told]
        gaps = [
            record for record in told if record["type"] == "gap"
        ]  # a source that has caught up may narrow its hop again
        assert {"overrun"} == {gap["reason"] for gap in gaps}
        stats = log[-2]
        assert stats["gap_seconds"] == pytest.approx(sum(gap["offset"] - gap["onset"] for gap in gaps), abs=0.01)
        wall_seconds = (datetime.fromisoformat(ended) - datetime.fromisoformat(log[0]["started_at"])).total_seconds()
        assert wall_seconds == pytest.approx(stats["audio_seconds"] + stats["gap_seconds"], abs=0.2)
    settled = len(resident) // 2  # what waits is as much as may by then
    assert max(map(int, resident[settled:])) - int(resident[settled]) < 5e6 + 1e6 * count
