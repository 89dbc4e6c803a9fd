"""The runtime as a process of its own: start-up, memory, a day without end."""

import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from edge.decoder import Decoder
from edge.inference import Floats, Model
from edge.runtime import Listener
from edge.sources import Block
from edge.stream import window_of

_FIRST_SCORES = """
import sys
from pathlib import Path
from edge.audio import AudioFile
from edge.inference import Model
from edge.stream import ScoreStream, window_of
model = Model(Path(sys.argv[1]))
stream = ScoreStream(model, window_of(model.card))
scores = []
with AudioFile(Path(sys.argv[2])) as file:
    from edge.audio import Resampler
    resampler = Resampler(file.sample_rate, model.card.sample_rate)
    for piece in file.pieces():
        scores += stream.push(resampler.push(piece.samples))
        if scores:
            break
print(scores[0].shape, flush=True)
sys.stdin.read()
"""


class Hour(NamedTuple):
    """One hour of audio: milliseconds of each hop (median), and the process's memory at its end."""

    milliseconds: float
    megabytes: float


def first_scores_seconds(model: Path, recording: Path) -> float:
    """From the start of a process to its first scores of a recording."""
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-c", _FIRST_SCORES, str(model), str(recording)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        taken = time.perf_counter() - began
        process.communicate("")
    if not line:
        raise RuntimeError(f"the process ended with {process.returncode} before its first scores")
    return taken


def command_megabytes(model: Path, recording: Path) -> float:
    """Most memory that sed-stream holds while it hears a recording."""
    command = Path(sys.executable).with_name("sed-stream")
    script = (
        "import resource, subprocess, sys\n"
        "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    )
    arguments = [sys.executable, "-c", script, command, recording, "--model", model]
    done = subprocess.run([*map(str, arguments)], capture_output=True, text=True, check=True)
    return int(done.stdout) / 1024


def hours(model: Path, audio: Floats, count: int) -> Iterator[Hour]:
    """Push hours of audio through the runtime, as fast as it goes.

    Args:
        model: the model file.
        audio: `[samples]` at its rate, heard over and over.
        count: how many hours.
    """
    opened = Model(model)
    card = opened.card
    window = window_of(card)
    listener = Listener(opened, window, Decoder(card.labels, card.decoding))
    size = window.hop_frames * card.frame_samples
    pieces = [Block(audio[at : at + size, None], card.sample_rate) for at in range(0, len(audio) - size + 1, size)]
    hops = round(3600 / (window.hop_frames * card.frame_seconds))
    pushed = 0
    for _ in range(count):
        taken = np.empty(hops)
        for hop in range(hops):
            began = time.perf_counter()
            listener.push(pieces[pushed % len(pieces)])
            taken[hop] = time.perf_counter() - began
            pushed += 1
        yield Hour(1e3 * float(np.median(taken)), _resident_megabytes())


def _resident_megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20
