"""What a user pays for a source: CPU time of the whole process, user and system, measured from outside.

A long file less a short one of the same kind, so that the start of the process does not count.
"""

import os
import shlex
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from edge.errors import InstallError

# A name, the ending of a file, and how FFmpeg writes it.
SOURCES = {
    "WAV 16 kHz mono": ("wav", "-ac 1 -ar 16000 -c:a pcm_s16le"),
    "WAV 48 kHz stereo": ("wav", "-ac 2 -ar 48000 -c:a pcm_s16le"),
    "FLAC 48 kHz stereo": ("flac", "-ac 2 -ar 48000 -c:a flac"),
    "Ogg Vorbis 44.1 kHz mono": ("ogg", "-ac 1 -ar 44100 -c:a libvorbis"),
    "MP3 48 kHz stereo": ("mp3", "-ac 2 -ar 48000 -c:a libmp3lame -b:a 128k"),
    "M4A (AAC) 48 kHz stereo": ("m4a", "-ac 2 -ar 48000 -c:a aac -b:a 128k"),
    "Opus 48 kHz stereo": ("opus", "-ac 2 -ar 48000 -c:a libopus -b:a 96k"),
}
REFERENCE = "WAV 16 kHz mono"
ALLOWED = 1.25  # times the reference and the decoder alone
_SED_STREAM = Path(sys.executable).with_name("sed-stream")


class Cost(NamedTuple):
    """Milliseconds of CPU time for a second of sound: the whole process, and FFmpeg that only decodes."""

    process: float
    decoder: float

    def times_allowed(self, reference: "Cost") -> float:
        """The process's cost as a share of what it may cost: at most 1 is within the bar."""
        return self.process / (ALLOWED * (reference.process + self.decoder))


def measure(
    model: Path, recording: Path, folder: Path, rounds: int, lengths: tuple[int, int] = (60, 660)
) -> dict[str, Cost]:
    """Every source in turn, round after round.

    Args:
        model: what listens.
        recording: repeated to the length of the files.
        folder: for files made on the way.
        rounds: of which the medians count.
        lengths: of the short and the long file, in seconds.

    Raises:
        InstallError: if there is no FFmpeg.
    """
    files = {name: [_write(recording, name, folder, seconds) for seconds in lengths] for name in SOURCES}
    taken: dict[str, list[Cost]] = {name: [] for name in SOURCES}
    for _ in tqdm(range(rounds), desc="rounds", disable=None):
        for name, (short, long) in files.items():
            costs = []
            for command in (listening, decoding):
                seconds = cpu_seconds(command(long, model)) - cpu_seconds(command(short, model))
                costs.append(1e3 * seconds / (lengths[1] - lengths[0]))
            taken[name].append(Cost(*costs))
    return {name: Cost(*map(statistics.median, zip(*costs, strict=True))) for name, costs in taken.items()}


def listening(source: Path | str, model: Path) -> list[str]:
    """The command that a user types."""
    return [str(_SED_STREAM), str(source), "--model", str(model), "--provider", "cpu"]


def decoding(path: Path, _: Path) -> list[str]:
    """FFmpeg, which only decodes."""
    return ["ffmpeg", "-nostdin", "-v", "error", "-threads", "1", "-i", str(path), "-f", "null", "-"]


def cpu_seconds(command: Sequence[str], environment: Mapping[str, str] | None = None) -> float:
    """User and system time of a process, its threads and its children, to its end; in this environment if not None."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, command)
    return usage.ru_utime + usage.ru_stime


def _write(recording: Path, name: str, folder: Path, seconds: int) -> Path:
    suffix, how = SOURCES[name]
    path = folder / f"{name} {seconds}.{suffix}"
    source = ["ffmpeg", "-nostdin", "-v", "error", "-stream_loop", "-1", "-i", str(recording), "-t", str(seconds)]
    try:
        subprocess.run([*source, *shlex.split(how), str(path)], check=True)
    except FileNotFoundError as exc:
        raise InstallError(
            "the sources are written by FFmpeg, which is not here; on Debian: apt install ffmpeg"
        ) from exc
    return path


def table(costs: Mapping[str, Cost], missing: Mapping[str, str]) -> Iterator[str]:
    """Lines of text: a source each, and why the others were not measured."""
    reference = costs[REFERENCE]
    head = ("whole process", "FFmpeg alone", f"times {REFERENCE}", "of what is allowed")
    yield f"{'ms per second of sound':26} {'  '.join(head)}"
    for name, cost in costs.items():
        times, share = cost.process / reference.process, cost.times_allowed(reference)
        yield f"{name:26} {cost.process:13.2f}  {cost.decoder:12.2f}  {times:21.2f}  {share:18.2f}"
    for name, reason in missing.items():
        yield f"{name}: not measured: {reason}"
    yield f"allowed: {ALLOWED:g} times the sum of {REFERENCE} and FFmpeg, which only decodes"
