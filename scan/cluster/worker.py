"""A worker of Ray Data: a process with one session of ONNX Runtime, that does units one after another."""

import json
import os
import threading
import time
from typing import Any

import numpy as np

from scan.cluster.scanner import Scanner
from scan.cluster.settings import ScanSettings

_GRACE_SECONDS = 30.0  # after the time limit, for what cannot be stopped


class Worker:
    """Takes batches of one unit each.

    Args:
        settings: of the scan.
        ledger: the actor that notes which file is at work.
    """

    def __init__(self, settings: ScanSettings, ledger: Any) -> None:
        self._ledger, self._unit = ledger, -1
        self._alarm = _Alarm(settings.time_limit_seconds + _GRACE_SECONDS)
        self._scanner = Scanner(settings, self._at)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Do the units of a batch; its receipts say what came of them."""
        import ray

        receipts = []
        for text in batch["unit"]:
            unit = json.loads(str(text))
            self._unit = unit["unit"]
            blamed = ray.get(self._ledger.begin.remote(self._unit))
            receipt = self._scanner.do(unit, blamed)
            self._alarm.stop()
            self._ledger.end.remote(self._unit)
            receipts.append(json.dumps(receipt | {"unit": self._unit}))
        return {"receipt": np.array(receipts, dtype=object)}

    def _at(self, number: int) -> None:
        self._alarm.start()
        self._ledger.at.remote(self._unit, number)


_scanners: dict[str, Scanner] = {}  # of this process, by run


def do_unit(settings: ScanSettings, text: str) -> dict[str, Any]:
    """Do a unit that needs no step of the model, in any process."""
    if settings.run not in _scanners:
        _scanners[settings.run] = Scanner(settings._replace(provider="cpu"))
    return _scanners[settings.run].do(json.loads(text))


class _Alarm:
    """Ends this process if a file takes much too long: a call into a library cannot be stopped otherwise.

    Args:
        seconds: from `start` on.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end: float | None = None
        threading.Thread(target=self._watch, name="alarm", daemon=True).start()

    def start(self) -> None:
        """A file begins."""
        self._end = time.monotonic() + self._seconds

    def stop(self) -> None:
        """It has ended."""
        self._end = None

    def _watch(self) -> None:
        while True:
            time.sleep(1.0)
            if self._end is not None and time.monotonic() > self._end:
                os._exit(75)
