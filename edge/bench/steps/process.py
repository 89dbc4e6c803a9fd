"""What a second of sound costs a user: CPU time of the whole `sed-stream`, measured from outside."""

import logging
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile

from edge.bench.machine import SED_STREAM
from edge.bench.steps.combinations import Combination
from edge.errors import SedError

_log = logging.getLogger(__name__)

_LENGTHS = (20, 140)  # seconds of the short and the long file: what starting costs does not count
_PROVIDERS = ("cpu", "cuda")  # that sed-stream can be told to use


class ProcessCost:
    """Measures each combination's process once, whatever number of streams step together: a process has one."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], float | None] = {}

    def figures(self, chosen: Combination) -> dict[str, float | None]:
        """`process_ms_per_second`: milliseconds of user and system time for a second of WAV at the model's rate.

        None if the process failed, with a warning, if `sed-stream` knows no such provider, or where the system does
        not tell.
        """
        key = (chosen.path, chosen.provider, chosen.threads, *chosen.window)
        if key not in self._known:
            try:
                self._known[key] = _milliseconds(chosen)
            except SedError as exc:
                _log.warning("%s on %s: %s", chosen.name, chosen.provider, exc)
                self._known[key] = None
        return {"process_ms_per_second": self._known[key]}


def _milliseconds(chosen: Combination) -> float | None:
    if chosen.provider not in _PROVIDERS or not hasattr(os, "wait4"):
        return None
    window, hop = (frames * chosen.card.frame_seconds for frames in chosen.window[:2])
    settings = [f"--model={chosen.path}", f"--provider={chosen.provider}", f"--threads={chosen.threads}"]
    settings += [f"--window={window:g}", f"--hop={hop:g}"]
    with tempfile.TemporaryDirectory() as folder:
        taken = []
        for seconds in _LENGTHS:
            path = Path(folder) / f"{seconds}.wav"
            noise = np.random.default_rng(0).normal(0.0, 0.05, seconds * chosen.card.sample_rate)
            soundfile.write(path, noise, chosen.card.sample_rate, subtype="PCM_16")
            taken.append(_cpu_seconds([*SED_STREAM, str(path), *settings]))
    return round(1e3 * (taken[1] - taken[0]) / (_LENGTHS[1] - _LENGTHS[0]), 3)


def _cpu_seconds(command: Sequence[str]) -> float:
    """User and system time of a process, to its end."""
    with tempfile.TemporaryFile("w+") as stderr:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=stderr)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        stderr.seek(0)
        if process.returncode != 0:
            raise SedError(f"sed-stream failed: {(stderr.read().strip() or 'without a message').splitlines()[-1]}")
    return usage.ru_utime + usage.ru_stime
