"""The runtime as a process of its own: start-up, memory, a day without end."""

import math
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from edge.bench.machine import resident_megabytes
from edge.detection import Decoder, EventStream
from edge.model import Floats, Model, window_of
from edge.sources import Block

_COMMAND = Path(sys.executable).with_name("sed-stream")


class Hour(NamedTuple):
    """One hour of audio: milliseconds of each hop (median), and the process's memory at its end."""

    milliseconds: float
    megabytes: float


def first_event_seconds(model: Path, recording: Path) -> float:
    """From the start of sed-stream to its first event on stdout; it may still be hearing the recording then."""
    began = time.perf_counter()
    command = [str(_COMMAND), str(recording), "--model", str(model), "--format", "jsonl"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if '"type": "event"' in line:
                taken = time.perf_counter() - began
                process.communicate()
                return taken
    raise RuntimeError(f"{recording}: sed-stream reported no event in it")


def command_megabytes(model: Path, recording: Path) -> float:
    """Most memory that sed-stream holds while it hears a recording."""
    script = (
        "import resource, subprocess, sys\n"
        "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    )
    arguments = [sys.executable, "-c", script, _COMMAND, recording, "--model", model]
    done = subprocess.run([*map(str, arguments)], capture_output=True, text=True, check=True)
    return int(done.stdout) * 1024 / 1e6


def hours(model: Path, audio: Floats, count: int) -> Iterator[Hour]:
    """Push hours of audio through the runtime, as fast as it goes.

    Args:
        model: the model file.
        audio: `[samples]` at its rate, repeated.
        count: how many hours.
    """
    opened = Model(model)
    card = opened.card
    window = window_of(card)
    event_stream = EventStream(opened, window, Decoder(card.labels, card.decoding))
    size = window.hop_frames * card.frame_samples
    pieces = [Block(audio[at : at + size, None], card.sample_rate) for at in range(0, len(audio) - size + 1, size)]
    hops = round(3600 / (window.hop_frames * card.frame_seconds))
    pushed = 0
    for _ in range(count):
        taken = np.empty(hops)
        for hop in range(hops):
            began = time.perf_counter()
            event_stream.push(pieces[pushed % len(pieces)])
            taken[hop] = time.perf_counter() - began
            pushed += 1
        yield Hour(1e3 * float(np.median(taken)), resident_megabytes() or math.nan)
