"""How many sources this machine processes in real time, by the whole runtime: decoding, resampling, inference, log.

Each trial is `sed-stream` as a user runs it, with its processes measured from outside.
"""

import contextlib
import itertools
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import soundfile

from edge.bench.machine import SED_STREAM, usage
from edge.errors import SedError
from edge.log import Record
from edge.model import Model, window_of

_RATE = 48_000
_CODECS = {"flac": ("FLAC", None), "mp3": ("MP3", None), "ogg": ("OGG", "VORBIS"), "opus": ("OGG", "OPUS")}
_STEPS, _FINENESS = 10, 0.05
_SETTLE_SECONDS = 10.0  # at most, at the beginning, which do not count; also the time between two `stats` records
_SPARE_SECONDS = 5.0
_POLL_SECONDS = 0.05
_STOPPED = 130  # exit code of sed-stream after SIGTERM


@dataclass(frozen=True, kw_only=True)
class Setup:
    """The settings that all trials share.

    Attributes:
        model: path of the file.
        provider: that runs it.
        threads: that one step may use.
        window_seconds: of the sliding window.
        hop_seconds: by which it advances; no lag may be greater.
        processes: that the sources are spread over.
    """

    model: str
    provider: str
    threads: int
    window_seconds: float
    hop_seconds: float
    processes: int


@dataclass(frozen=True, kw_only=True)
class Trial:
    """The outcome of a trial with some number of sources.

    Attributes:
        sources: how many.
        seconds: how long they were measured.
        held: whether the machine kept up with all of them.
        why_not: if it did not.
        lag_p99_seconds: of the source that was worst, in its worst ten seconds.
        cores_busy: CPU seconds a second, of all processes; None where the system does not say.
        resident_mb: memory of all processes in the end, shared pages once; None where the system does not say.
    """

    sources: int
    seconds: float
    held: bool
    why_not: str | None
    lag_p99_seconds: float | None
    cores_busy: float | None
    resident_mb: float | None


def first_guess(setup: Setup, cores: int) -> int:
    """A sixteenth of what the cores could do if they only ran steps of the model; too low a guess costs little."""
    model = Model(Path(setup.model), setup.provider, setup.threads)
    card, window = model.card, window_of(model.card, setup.window_seconds, setup.hop_seconds)
    samples = card.context_samples + window.hop_frames * card.frame_samples
    audio = np.zeros((1, samples), dtype=np.float32)
    old = np.zeros((1, window.window_frames - window.hop_frames, model.embedding_size), dtype=np.float32)
    began = time.perf_counter()
    for _ in range(_STEPS):
        model.step(audio, old)
    step_seconds = (time.perf_counter() - began) / _STEPS
    return max(1, int(cores * setup.hop_seconds / step_seconds / 16))


def find_largest(
    run: Callable[[int, float], Trial], first: int, most: int | None, short_seconds: float, seconds: float
) -> tuple[Trial | None, list[Trial]]:
    """Find the largest number that holds by short trials, then check that it holds for long.

    Args:
        run: measures so many sources for so many seconds.
        first: number to try first.
        most: upper limit; None for no limit.
        short_seconds: length of a trial during the search.
        seconds: length of the last trial, in which it must hold.

    Returns:
        The largest (None if not even one holds), and all trials.
    """
    tries: list[Trial] = []
    limit = sys.maxsize if most is None else most
    good, bad, number = 0, limit + 1, min(first, limit)
    while good < number < bad:
        tries.append(run(number, short_seconds))
        if tries[-1].held:
            good = number
        else:
            bad = number
        if bad - good <= _FINENESS * good:
            break
        # Until something has failed, twice as many.
        number = min(2 * good, limit) if bad > limit and good > 0 else (good + min(bad, limit + 1)) // 2
    while good > 0:
        tries.append(run(good, seconds))
        if tries[-1].held:
            return tries[-1], tries
        good = min(good - 1, int((1 - _FINENESS) * good))
    return None, tries


def write_sounds(folder: Path, seconds: float) -> list[Path]:
    """Noise that swells and fades, in stereo of 48 kHz, as FLAC, MP3, Vorbis and Opus: long enough for a trial."""
    paths = [folder / f"sound.{suffix}" for suffix in _CODECS]
    random = np.random.default_rng(0)
    with contextlib.ExitStack() as stack:
        files = [
            stack.enter_context(soundfile.SoundFile(path, "w", _RATE, 2, format=form, subtype=subtype))
            for path, (form, subtype) in zip(paths, _CODECS.values(), strict=True)
        ]
        for second in range(math.ceil(seconds + 2 * _SETTLE_SECONDS + _SPARE_SECONDS)):
            swell = 0.5 + 0.5 * np.sin(2 * np.pi * (second + np.arange(_RATE) / _RATE) / 3)
            noise = random.normal(0.0, 0.1, (_RATE, 2)) * swell[:, None]
            for file in files:
                file.write(noise.astype(np.float32))
    return paths


def run_trial(setup: Setup, sounds: Sequence[Path], sources: int, seconds: float) -> Trial:
    """Play files in turn to so many sources of one `sed-stream`, for so many seconds once they have settled.

    Raises:
        SedError: what it said, if it failed.
    """
    _allow_many_files()
    look_seconds = min(_SETTLE_SECONDS, seconds)
    command = [*SED_STREAM, *_settings(setup), "--realtime", f"--stats-every={look_seconds}"]
    for number, path in enumerate(itertools.islice(itertools.cycle(sounds), sources), start=1):
        command.append(f"--name=source {number}={path}")
    own = {name: value for name, value in os.environ.items() if not name.startswith("SED_STREAM_")}
    with tempfile.TemporaryFile("w+b") as log, tempfile.TemporaryFile("w+b") as talk:
        with _running(subprocess.Popen(command, stdout=log, stderr=talk, env=own)) as process:
            while log.seek(0, os.SEEK_END) == 0 and process.poll() is None:
                time.sleep(_POLL_SECONDS)  # until a source has begun
            _wait(process, look_seconds)
            before = usage(process.pid)
            _wait(process, seconds)
            after = usage(process.pid)
            process.terminate()
            if process.wait() != _STOPPED:
                talk.seek(0)
                said = talk.read().decode().strip() or "no message"
                raise SedError(f"{sources} sources could not be measured: {said.splitlines()[-1]}")
        log.seek(0)
        why_not, lag = judge(map(json.loads, log), setup.hop_seconds)
    return Trial(
        sources=sources,
        seconds=seconds,
        held=why_not is None,
        why_not=why_not,
        lag_p99_seconds=lag,
        cores_busy=None if after is None or before is None else after.cores_busy_since(before),
        resident_mb=None if after is None else after.megabytes,
    )


def _settings(setup: Setup) -> Iterator[str]:
    names = {"window_seconds": "window", "hop_seconds": "hop"}
    for key, value in asdict(setup).items():
        yield f"--{names.get(key, key)}={value}"


@contextlib.contextmanager
def _running(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """Ends it, whatever happens."""
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Wait so long, or until it has ended."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)


def judge(log: Iterable[Record], hop_seconds: float) -> tuple[str | None, float | None]:
    """Why the machine did not keep up (None if it did) and the worst lag, once the sources have settled.

    >>> stats = [{"type": "stats", "source": "a", "lag_p99_seconds": lag} for lag in (9.0, 0.2, 0.3)]
    >>> judge(stats, 1.0), judge(stats, 0.25)
    ((None, 0.3), ('lag of 0.30 s', 0.3))
    """
    why_not = None
    lags: dict[str, list[float]] = {}  # of every source, in all looks but its first
    settled: set[str] = set()
    widened: dict[str, str] = {}  # sources whose hop is wider now, and how wide
    for record in log:
        source = record["source"]
        of_source = lags.setdefault(source, [])
        if record["type"] == "stats":
            if source in settled and "lag_p99_seconds" in record:
                of_source.append(record["lag_p99_seconds"])
            settled.add(source)
        elif record["type"] == "gap" and source in settled:
            why_not = why_not or f"gap ({record['reason']})"
        elif record["type"] == "source":
            widened.pop(source, None)
            if record["state"] == "slow":
                widened[source] = record["detail"]
        if source in settled and source in widened:
            why_not = why_not or f"hop widened ({widened[source]})"
    worst = max((max(of_source) for of_source in lags.values() if of_source), default=None)
    silent = sum(not of_source for of_source in lags.values())
    if why_not is None:
        if worst is None or silent:
            why_not = f"{silent} of {len(lags)} sources gave no sound"
        elif worst > hop_seconds:
            why_not = f"lag of {worst:.2f} s"
    return why_not, worst


def _allow_many_files() -> None:
    """Each source has one open."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
