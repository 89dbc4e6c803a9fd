"""What a scan costs: time, and the memory of each of its processes."""

import subprocess
import time
from pathlib import Path
from typing import NamedTuple

from tests.conftest import command


class Cost(NamedTuple):
    """Of one run.

    Attributes:
        seconds: that it took.
        peak_mb: greatest resident memory of each process, by its name; shared memory counts in each.
        first_mb, last_mb: resident memory of the driver a quarter into the run, and at its end.
    """

    seconds: float
    peak_mb: dict[str, float]
    first_mb: float
    last_mb: float


def measured(*arguments: object) -> Cost:
    """Run `sed-scan`."""
    began, peaks, driver = time.monotonic(), dict[str, float](), list[float]()
    with subprocess.Popen([str(command("sed-scan")), *map(str, arguments)]) as run:
        while run.poll() is None:
            for pid in [run.pid, *descendants(run.pid)]:
                name, peak, now = memory_of(pid)
                name = "driver" if pid == run.pid else name
                peaks[name] = max(peaks.get(name, 0.0), peak)
                if pid == run.pid:
                    driver.append(now)
            time.sleep(0.5)
        assert 0 == run.returncode
    return Cost(time.monotonic() - began, peaks, driver[len(driver) // 4], max(driver[-4:]))


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


def memory_of(pid: int) -> tuple[str, float, float]:
    """Name of a process, its greatest resident memory, and that of now, in MB."""
    try:
        status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        peak, now = (float(status[key].split()[0]) / 1024 for key in ("VmHWM", "VmRSS"))
        return status["Name"].strip(), peak, now
    except (OSError, KeyError):
        return "ended", 0.0, 0.0
