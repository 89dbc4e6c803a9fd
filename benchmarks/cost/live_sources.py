"""What a live source costs in real time: an RTSP camera, an Icecast radio and a microphone, of servers on this machine.

The servers are those of the tests. All sources are measured side by side, since what counts is their CPU time.
"""

import contextlib
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from benchmarks.cost.whole_process import Cost, cpu_seconds, listening
from edge.sources import read_audio
from tests.edge.live.broadcast import Broadcast
from tests.edge.live.pulse import Pulse
from tests.edge.live.servers import Icecast, Rtsp

_RATE = 48_000


class _Live(NamedTuple):
    """What sed-stream hears, the same as FFmpeg's input, and the environment that both need."""

    source: str
    ffmpeg_input: Sequence[str]
    environment: Mapping[str, str]


def measure_live(
    model: Path, recording: Path, folder: Path, lengths: tuple[int, int]
) -> tuple[dict[str, Cost], dict[str, str]]:
    """Every live source, for a short and a long time at once.

    Args:
        model: what listens.
        recording: broadcast over and over.
        folder: for files made on the way.
        lengths: of the short and the long run, in seconds.

    Returns:
        The cost of each source, and why the others were not measured.
    """
    with contextlib.ExitStack() as stack:
        sources, missing = _sources(stack, recording, folder, lengths[1])
        with ThreadPoolExecutor(4 * len(sources) + 1) as pool:
            running = {
                name: [
                    [pool.submit(cpu_seconds, command, live.environment) for command in _commands(live, model, seconds)]
                    for seconds in lengths
                ]
                for name, live in sources.items()
            }
        costs = {}
        for name, (short, long) in running.items():
            seconds = [after.result() - before.result() for before, after in zip(short, long, strict=True)]
            costs[name] = Cost(*(1e3 * each / (lengths[1] - lengths[0]) for each in seconds))
    return costs, missing


def _commands(live: _Live, model: Path, seconds: int) -> list[list[str]]:
    decode = ["ffmpeg", "-nostdin", "-v", "error", "-threads", "1", *live.ffmpeg_input]
    return [
        [*listening(live.source, model), "--duration", str(seconds)],
        [*decode, "-t", str(seconds), "-f", "null", "-"],
    ]


def _sources(
    stack: contextlib.ExitStack, recording: Path, folder: Path, seconds: int
) -> tuple[dict[str, _Live], dict[str, str]]:
    """Those that this machine can serve, with their servers running, and why the others cannot be."""
    broadcast = stack.enter_context(Broadcast(read_audio(recording, _RATE), _RATE))
    sources, missing = dict[str, _Live](), dict[str, str]()
    try:
        rtsp = stack.enter_context(Rtsp(broadcast)).url
        sources["RTSP, Opus 48 kHz mono"] = _Live(rtsp, ["-i", rtsp], os.environ)
    except pytest.skip.Exception as exc:
        missing["RTSP"] = str(exc)
    try:
        icecast = stack.enter_context(Icecast())
        stack.enter_context(icecast.player(broadcast, "mp3"))
        url = icecast.url("live")
        sources["Icecast, MP3 48 kHz mono"] = _Live(url, ["-i", url], os.environ)
    except pytest.skip.Exception as exc:
        missing["Icecast"] = str(exc)
    try:
        pulse = Pulse(folder)
        stack.callback(pulse.kill)
        stack.enter_context(_playing(pulse, recording, folder / "played.wav", seconds))
        sources["microphone, 48 kHz stereo"] = _Live("mic", ["-f", "pulse", "-i", "vmic.monitor"], pulse.environment)
    except pytest.skip.Exception as exc:
        missing["microphone"] = str(exc)
    return sources, missing


@contextlib.contextmanager
def _playing(pulse: Pulse, recording: Path, path: Path, seconds: int) -> Iterator[None]:
    """The recording is played into the device meanwhile."""
    written = ["ffmpeg", "-nostdin", "-v", "error", "-stream_loop", "-1", "-i", str(recording)]
    subprocess.run([*written, "-t", str(seconds + 30), "-ac", "2", "-ar", str(_RATE), str(path)], check=True)
    player = subprocess.Popen(["paplay", path], env=pulse.environment)
    try:
        yield
    finally:
        player.kill()
        player.wait()
