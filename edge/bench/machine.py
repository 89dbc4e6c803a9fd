"""What was measured on, and with which versions."""

import contextlib
import importlib.metadata
import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

_PACKAGES = ("sed-edge", "onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino", "numpy", "torch", "torchlibrosa")

# Starts the sed-stream of this installation.
SED_STREAM = (sys.executable, "-P", "-c", "from edge.cli.stream import stream; stream(prog_name='sed-stream')")


def machine() -> dict[str, Any]:
    """The machine of now: `processor`, `cores` that this process may use, `load`, `gpus`, `system`, `date`, `versions`.

    The load is that of the minute before: much more than 0 says that others were measured too.
    """
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[package] = importlib.metadata.version(package)
    return {
        "processor": _processor(),
        "cores": cores(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "gpus": _gpus(),
        "system": f"{platform.system()} {platform.release()}",
        "date": datetime.now(UTC).date().isoformat(),
        "versions": versions,
    }


def describe_machine(found: dict[str, Any]) -> str:
    """One line for people."""
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    gpus = f"; {', '.join(found['gpus'])}" if found["gpus"] else "; no GPU"
    load = "" if found["load"] is None else f", load {found['load']:g}"
    cores = "one core" if found["cores"] == 1 else f"{found['cores']} cores"
    return f"{found['processor']}, {cores}{load}{gpus}; {found['system']}; {versions}; {found['date']}"


def cores() -> int:
    """That this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def resident_megabytes() -> float | None:
    """Memory of this process; None where the system does not say so as Linux does."""
    with contextlib.suppress(OSError):
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
    return None


class Usage(NamedTuple):
    """What a process and its children have used.

    Attributes:
        at: `time.monotonic`.
        cpu_seconds: user and system time so far.
        megabytes: of memory now; pages that they share count once.
    """

    at: float
    cpu_seconds: float
    megabytes: float

    def cores_busy_since(self, before: "Usage") -> float:
        """CPU seconds a second."""
        return round((self.cpu_seconds - before.cpu_seconds) / (self.at - before.at), 3)


def usage(pid: int) -> Usage | None:
    """Of a process and its children; None where the system does not say so as Linux does, or if it has ended."""
    with contextlib.suppress(OSError, ValueError):
        folder = Path("/proc", str(pid))
        children = (folder / "task" / str(pid) / "children").read_text().split()
        ticks = kilobytes = 0
        for each in (folder, *(Path("/proc", child) for child in children)):
            ticks += sum(map(int, (each / "stat").read_text().rpartition(")")[2].split()[11:13]))
            kilobytes += int((each / "smaps_rollup").read_text().partition("Pss:")[2].split()[0])
        return Usage(time.monotonic(), ticks / os.sysconf("SC_CLK_TCK"), kilobytes * 1024 / 1e6)
    return None


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() in ("model name", "Model"):
                return value.strip()
    return platform.processor() or platform.machine()


def _gpus() -> list[str]:
    """As the driver names them, with its version."""
    query = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(query, capture_output=True, text=True, check=True, timeout=20)
        return [line.replace(", ", ", driver ") for line in done.stdout.splitlines()]
    return []
