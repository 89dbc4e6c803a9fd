"""The start-up time and memory of a combination, measured in a process of its own; also the program of that process.

`python -m edge.bench.steps.startup PATH PROVIDER THREADS WINDOW HOP STREAMS`
"""

import json
import logging
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import edge.cli.stream  # noqa: F401  # what sed-stream loads counts too
from edge.bench.machine import resident_megabytes
from edge.bench.steps.combinations import Combination
from edge.bench.steps.lockstep import Lockstep, made_up_audio
from edge.bench.steps.sessions import device_of, open_on
from edge.errors import SedError
from edge.model import METADATA_KEY, Card, window_of

_log = logging.getLogger(__name__)
_STEPS = 20


def lockstep_of(chosen: Combination, session: Any) -> Lockstep:
    """The streams of a combination, by a session opened for it."""
    audio = made_up_audio(chosen.card, chosen.window, chosen.streams)
    return Lockstep(session, chosen.card, chosen.window, audio, chosen.provider, device_of(chosen.provider))


def startup_figures(chosen: Combination, times: int) -> dict[str, Any]:
    """Start it so many times, one after the other, and once more to warm the system's caches.

    Returns:
        `start_seconds`, from the start of the process to its first scores, and `resident_mb` after some steps; medians.
        None if the process failed, with a warning, or if the system does not tell.
    """
    try:
        found = [_start(chosen) for _ in range(times + 1)][1:]
    except SedError as exc:
        _log.warning("%s on %s: %s", chosen.name, chosen.provider, exc)
        return {"start_seconds": None, "resident_mb": None}
    memory = [megabytes for _, megabytes in found if megabytes is not None]
    return {
        "start_seconds": round(statistics.median(seconds for seconds, _ in found), 3),
        "resident_mb": round(statistics.median(memory), 1) if memory else None,
    }


def _start(chosen: Combination) -> tuple[float, float | None]:
    window, hop = (frames * chosen.card.frame_seconds for frames in chosen.window[:2])
    arguments = [chosen.path, chosen.provider, chosen.threads, window, hop, chosen.streams]
    began = time.perf_counter()
    command = [sys.executable, "-m", "edge.bench.steps.startup", *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        first = process.stdout.readline()
        seconds = time.perf_counter() - began
        rest = process.stdout.readline()  # `communicate` does not see what is read already, which may be both lines
        said = process.communicate()[1]
    if not first or process.returncode != 0:
        raise SedError(f"a process of its own failed: {(said.strip() or 'no message').splitlines()[-1]}")
    return seconds, json.loads(rest)


def _run(path: str, provider: str, threads: str, window: str, hop: str, streams: str) -> None:
    session = open_on(Path(path), provider, int(threads))
    card = Card.from_json(session.get_modelmeta().custom_metadata_map[METADATA_KEY], path)
    chosen = window_of(card, float(window), float(hop))
    audio = made_up_audio(card, chosen, int(streams))
    lockstep = Lockstep(session, card, chosen, audio, provider, device_of(provider))
    lockstep.step()
    sys.stdout.write("scores\n")
    sys.stdout.flush()
    for _ in range(_STEPS):
        lockstep.step()
    sys.stdout.write(json.dumps(resident_megabytes()) + "\n")


if __name__ == "__main__":
    _run(*sys.argv[1:])
