"""How many sources this machine processes in real time, by the whole runtime: decoding, resampling, inference, log.

Each trial is a process of its own: `python -m edge.bench.live.load`, with its settings as JSON on stdin.
"""

import contextlib
import itertools
import json
import math
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from edge.bench.machine import resident_megabytes
from edge.detection import Decoder
from edge.errors import SedError
from edge.log import JsonLinesSink, Record
from edge.model import Model, window_of
from edge.session import listen
from edge.sources import FileSource

_RATE = 48_000
_CODECS = {"flac": ("FLAC", None), "mp3": ("MP3", None), "ogg": ("OGG", "VORBIS"), "opus": ("OGG", "OPUS")}
_STEPS, _FINENESS = 10, 0.05
_SETTLE_SECONDS = 10.0  # at most, at the beginning, which do not count; also the time between two `stats` records
_SPARE_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Setup:
    """The settings that all trials share.

    Attributes:
        model: path of the file.
        provider: that runs it.
        threads: that one step may use.
        window_seconds: of the sliding window.
        hop_seconds: by which it advances; no lag may be greater.
    """

    model: str
    provider: str
    threads: int
    window_seconds: float
    hop_seconds: float


@dataclass(frozen=True, kw_only=True)
class Trial:
    """The outcome of a trial with some number of sources.

    Attributes:
        sources: how many.
        seconds: how long they were measured.
        held: whether the machine kept up with all of them.
        why_not: if it did not.
        lag_p99_seconds: of the source that was worst, in its worst ten seconds.
        cores_busy: CPU seconds a second.
        resident_mb: memory in the end; None where the system does not say.
    """

    sources: int
    seconds: float
    held: bool
    why_not: str | None
    lag_p99_seconds: float | None
    cores_busy: float
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
    """Play files in turn to so many sources in a process of its own, for so many seconds once they have settled.

    Raises:
        SedError: what the process said, if it failed.
    """
    task = {"setup": asdict(setup), "sounds": [*map(str, sounds)], "sources": sources, "seconds": seconds}
    command = [sys.executable, "-m", "edge.bench.live.load"]
    done = subprocess.run(command, input=json.dumps(task), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SedError(
            f"{sources} sources could not be measured: {(done.stderr.strip() or 'no message').splitlines()[-1]}"
        )
    return Trial(**json.loads(done.stdout))


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


def _run(setup: Setup, sounds: Sequence[str], sources: int, seconds: float) -> Trial:
    _allow_many_files()
    model = Model(Path(setup.model), setup.provider, setup.threads)
    card = model.card
    paths = itertools.islice(itertools.cycle(sounds), sources)
    played = [FileSource(path, name=f"source {number}", realtime=True) for number, path in enumerate(paths, start=1)]
    look_seconds = min(_SETTLE_SECONDS, seconds)
    stopping = threading.Event()
    timer = threading.Timer(look_seconds + seconds, stopping.set)
    with tempfile.TemporaryFile("w+", encoding="utf-8") as file:
        began, busy = time.monotonic(), time.process_time()
        timer.start()
        listen(
            played,
            model,
            window_of(card, setup.window_seconds, setup.hop_seconds),
            lambda: Decoder(card.labels, card.decoding),
            JsonLinesSink(file),
            stopping=stopping,
            stats_every_seconds=look_seconds,
        )
        cores_busy = (time.process_time() - busy) / (time.monotonic() - began)
        file.seek(0)
        why_not, lag = judge(map(json.loads, file), setup.hop_seconds)
    return Trial(
        sources=sources,
        seconds=seconds,
        held=why_not is None,
        why_not=why_not,
        lag_p99_seconds=lag,
        cores_busy=round(cores_busy, 3),
        resident_mb=resident_megabytes(),
    )


def _allow_many_files() -> None:
    """Each source has one open."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _main() -> None:
    task: dict[str, Any] = json.load(sys.stdin)
    try:
        found = _run(Setup(**task.pop("setup")), **task)
    except SedError as exc:
        sys.exit(str(exc))
    sys.stdout.write(json.dumps(asdict(found)) + "\n")


if __name__ == "__main__":
    _main()
