"""Gives many inputs to the commands, one after another, and says what a person should not see.

    python -m tests.edge.fuzz.worker here KIND FIRST STEP FOLDER       within this process: a crash or a hang ends it
    python -m tests.edge.fuzz.worker command KIND FIRST STEP FOLDER    each in a process of its own, as users do

Prints a line for each input with which something is wrong, none where all is well, and on stderr each one's number.
"""

import contextlib
import faulthandler
import json
import logging
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from click.testing import CliRunner

from tests.edge.fuzz.damage import damaged
from tests.edge.fuzz.garbage import GarbageServer
from tests.edge.fuzz.kinds import KINDS, make_trial
from tests.edge.fuzz.trial import Samples, Trial
from tests.edge.live.commands import RUNTIME_COMMANDS

MOST_SECONDS, MOST_BYTES = 10.0, 1 << 30
_CTRL_C_SECONDS = 4.0  # of a command that does not end by itself
_EXIT_CODES = (0, 1, 2, 130)


class Outcome(NamedTuple):
    """What came of one call."""

    exit_code: int
    stdout: str
    stderr: str


def run_here(trial: Trial) -> Outcome:
    """Call a command as its console script does."""
    logging.root.handlers.clear()  # they hold the stderr of the call before
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    descriptor = os.open(os.devnull if trial.stdin is None else trial.stdin, os.O_RDONLY)
    os.dup2(descriptor, 0)  # FFmpeg reads the real one
    os.close(descriptor)
    with _ctrl_c(lambda: os.kill(os.getpid(), signal.SIGINT)):
        called = CliRunner().invoke(
            RUNTIME_COMMANDS[trial.command], trial.arguments, env=trial.environment, prog_name=f"sed-{trial.command}"
        )
    stderr = called.stderr
    if called.exception is not None and not isinstance(called.exception, SystemExit):
        stderr += "".join(traceback.format_exception(called.exception))
    return Outcome(called.exit_code, called.stdout, stderr)


def run_command(trial: Trial) -> Outcome:
    """Call the command that a user calls."""
    script = Path(sys.executable).with_name(f"sed-{trial.command}")
    called = (
        [script]
        if script.exists()
        else [sys.executable, "-c", f"from edge.cli.{trial.command} import *; {trial.command}()"]
    )
    with (
        Path(os.devnull if trial.stdin is None else trial.stdin).open("rb") as stdin,
        subprocess.Popen(
            [*called, *trial.arguments],
            env=os.environ | trial.environment,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process,
        _ctrl_c(lambda: process.send_signal(signal.SIGINT)),
    ):
        stdout, stderr = process.communicate()
    return Outcome(_as_a_shell_tells(process.returncode), stdout.decode(), stderr.decode(errors="replace"))


def _as_a_shell_tells(code: int) -> int:
    """130 for Ctrl-C, also where it comes while the interpreter shuts down and ends the process itself."""
    return 128 - code if code < 0 else code


@contextlib.contextmanager
def _ctrl_c(send: Callable[[], None]) -> Iterator[None]:
    """End what does not end by itself."""
    timer = threading.Timer(_CTRL_C_SECONDS, send)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def what_is_wrong(trial: Trial, outcome: Outcome, seconds: float) -> Iterator[str]:
    """What a person should not see."""
    code, stdout, stderr = outcome
    if code not in _EXIT_CODES:
        yield f"exit code {code}: {stderr[-2500:]}"
    if "Traceback" in stderr or "Warning" in stderr:
        yield f"it says {stderr[-2500:]}"
    if code in (1, 2) and not stderr.strip() and trial.command != "doctor":
        yield "it fails without a word"
    if code == 2 and stdout:
        yield "a wrong setting, but something on stdout"
    if seconds > MOST_SECONDS:
        yield f"it took {seconds:.1f} s"
    if trial.command in ("stream", "replay") and stdout.startswith("{"):
        try:
            for line in stdout.splitlines():
                json.loads(line, parse_constant=_no_number)
        except ValueError as exc:
            yield f"a line of the log is no JSON: {exc}"
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    # Not ru_maxrss, which knows the memory of who started this process, too.
    for kilobytes in (int(peak.split()[1]), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss):
        if kilobytes * 1024 > MOST_BYTES:
            yield "more than a gigabyte was in use"


def _no_number(text: str) -> None:
    raise ValueError(f"it has {text}")


def _left_over() -> tuple[int, int]:
    """Threads and descriptors."""
    return threading.active_count(), len(os.listdir("/proc/self/fd"))


def main(run: Callable[[Trial], Outcome], kind: str, first: int, step: int, source: Path) -> None:
    """Try an input of a kind, and then each `step`-th."""
    # The machine is not ours alone. Not much less: ONNX Runtime hangs where it can have no more threads.
    resource.setrlimit(resource.RLIMIT_AS, (16 * MOST_BYTES, 16 * MOST_BYTES))
    told = os.fdopen(os.dup(1), "w", buffering=1)
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        folder = Path(name)
        for file in source.iterdir():
            (folder / file.name).symlink_to(file)
        with GarbageServer(folder, damaged) as server:
            run(Trial("stream", [str(folder / "whole.wav")]))  # it opens what stays open
            before = _left_over()
            for number in range(first, KINDS[kind].count, step):
                print(number, file=sys.stderr, flush=True)  # noqa: T201
                trial = make_trial(kind, number, Samples(folder, server))
                faulthandler.dump_traceback_later(2 * MOST_SECONDS, exit=True)
                began = time.monotonic()
                outcome = run(trial)
                for wrong in what_is_wrong(trial, outcome, time.monotonic() - began):
                    told.write(f"{kind} {number}: {wrong}\n    {trial}\n")
                faulthandler.cancel_dump_traceback_later()
            # What was left behind with a server that sends nothing ends when FFmpeg gives up on it.
            until = time.monotonic() + 3 * MOST_SECONDS
            while _left_over() > before and time.monotonic() < until:
                time.sleep(0.1)
            if _left_over() > before:
                told.write(f"{kind}: left over are {_left_over()} threads and descriptors, at first it was {before}\n")


if __name__ == "__main__":
    main(
        {"here": run_here, "command": run_command}[sys.argv[1]],
        sys.argv[2],
        int(sys.argv[3]),
        int(sys.argv[4]),
        Path(sys.argv[5]),
    )
