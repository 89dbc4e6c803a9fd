"""What a scan costs: time, and the memory of each of its processes."""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.conftest import command


class Cost(NamedTuple):
    """Of one run.

    Attributes:
        seconds: that it took.
        peak_mb: greatest resident memory of each process, by its name; shared memory counts in each.
        cpu_seconds: of processors, by the name of the process, as far as it was seen.
    """

    seconds: float
    peak_mb: dict[str, float]
    cpu_seconds: dict[str, float]


def measured(*arguments: object, look: Callable[[int], None] = lambda _: None) -> Cost:
    """Run `sed-scan`; `look` is called with the driver's process id, about five times a second."""
    began, peaks = time.monotonic(), dict[str, float]()
    times: dict[int, tuple[str, float]] = {}
    with subprocess.Popen([str(command("sed-scan")), *map(str, arguments)]) as run:
        while run.poll() is None:
            look(run.pid)
            for pid in [run.pid, *descendants(run.pid)]:
                name, peak, seconds = usage_of(pid)
                if name:
                    name = "driver" if pid == run.pid else name
                    peaks[name] = max(peaks.get(name, 0.0), peak)
                    times[pid] = (name, seconds)
            time.sleep(0.2)
        assert 0 == run.returncode
    names = {name for name, _ in times.values()}
    cpu = {each: sum(seconds for name, seconds in times.values() if name == each) for each in names}
    return Cost(time.monotonic() - began, peaks, cpu)


def descendants(pid: int) -> list[int]:
    """The processes that a process began, and those that they began."""
    try:
        children = [
            int(child) for task in Path(f"/proc/{pid}/task").glob("*/children") for child in task.read_text().split()
        ]
    except OSError:
        return []
    return [*children, *(inner for child in children for inner in descendants(child))]


def name_of(pid: int) -> str:
    """How a process calls itself."""
    return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode(errors="replace")


def resident_mb(pid: int | str = "self") -> float:
    """The resident memory of a process; 0 once it ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((float(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0.0)


def usage_of(pid: int) -> tuple[str, float, float]:
    """Name of a process, its greatest resident memory in MB, and its seconds of a processor; no name once it ended."""
    try:
        status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return status["Name"].strip(), float(status["VmHWM"].split()[0]) / 1024, seconds
    except (OSError, KeyError):
        return "", 0.0, 0.0
