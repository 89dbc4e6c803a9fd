"""A destination: what was scanned with what, and by whom now.

scan.json        model, settings and sources
model.onnx       the model file
lock.json        who writes here now
manifest/        the files that are to have a row
rows/            the table
parts/           scores of parts that are not joined yet
scores/          frame scores, with --scores
summary.json     what came of it
"""

import contextlib
import json
import os
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from scan.archive import Folder, is_remote
from scan.errors import ScanError

SCHEMA = "sed-edge-scan/1"
DESCRIPTION, LOCK, SUMMARY, MODEL = "scan.json", "lock.json", "summary.json", "model.onnx"
_BEAT_SECONDS, _DEAD_SECONDS = 15.0, 90.0


def read_description(folder: Folder) -> dict[str, Any] | None:
    """What `scan.json` says; None where there is none.

    Raises:
        ScanError: if the folder holds something else.
    """
    if not folder.exists(DESCRIPTION):
        return None
    try:
        description = json.loads(folder.read(DESCRIPTION))
        if description["schema"] != SCHEMA:
            raise ValueError(description["schema"])
    except (ValueError, LookupError, TypeError) as exc:
        raise ScanError(
            f"{folder.path(DESCRIPTION)}: was not written by this sed-scan ({exc}); give another --out"
        ) from exc
    return dict(description)


def required_description(folder: Folder) -> dict[str, Any]:
    """What `scan.json` says.

    Raises:
        ScanError: if the folder is no destination.
    """
    description = read_description(folder)
    if description is None:
        raise ScanError(f"{folder.url}: is no destination of sed-scan; give the folder that --out named")
    return description


def make_description(
    model_id: str, settings_hash: str, settings: dict[str, Any], sources: Sequence[str]
) -> dict[str, Any]:
    """The content of `scan.json`."""
    return {"schema": SCHEMA, "model": model_id, "hash": settings_hash, "settings": settings, "sources": list(sources)}


def write_description(folder: Folder, description: dict[str, Any]) -> None:
    """Write `scan.json`."""
    folder.write(DESCRIPTION, json.dumps(description, indent=1, ensure_ascii=False).encode())


def require_usable(folder: Folder, description: dict[str, Any]) -> bool:
    """Check that a scan may write to a destination.

    Returns:
        Whether it goes on with what is there.

    Raises:
        ScanError: if it holds something else, or the results of another model or other settings.
    """
    before = read_description(folder)
    if before is None:
        names = folder.names()
        if names or (not is_remote(folder.url) and Path(folder.url).is_dir() and any(Path(folder.url).iterdir())):
            raise ScanError(f"{folder.url}: holds something else already; give --out an empty or a new folder")
        return False
    if before["hash"] != description["hash"]:
        differing = [
            name for name in description["settings"] if before["settings"].get(name) != description["settings"][name]
        ]
        if before["model"] != description["model"]:
            differing.insert(0, f"model ({before['model']} there, {description['model']} now)")
        raise ScanError(
            f"{folder.url}: holds results of another model or other settings: {', '.join(differing) or 'the weights'}; "
            "give another --out, or the same as before"
        )
    return True


@contextlib.contextmanager
def locked(folder: Folder) -> Iterator[None]:
    """Keep other runs out of a destination; a run that died is no hindrance.

    Raises:
        ScanError: if another run is at work.
    """
    me = {"host": socket.gethostname(), "pid": os.getpid(), "began": time.time()}
    holder = _holder(folder)
    if holder is not None and _is_alive(holder):
        raise ScanError(
            f"{folder.url}: another run writes here (process {holder['pid']} on {holder['host']}); "
            "wait for its end, or stop it"
        )
    stopped = threading.Event()

    def beat() -> None:
        while True:
            with contextlib.suppress(Exception):  # the next one may succeed
                folder.write(LOCK, json.dumps(me | {"seen": time.time()}).encode())
            if stopped.wait(_BEAT_SECONDS):
                return

    folder.write(LOCK, json.dumps(me | {"seen": time.time()}).encode())
    thread = threading.Thread(target=beat, name="lock", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
        folder.remove(LOCK)


def _holder(folder: Folder) -> dict[str, Any] | None:
    try:
        return dict(json.loads(folder.read(LOCK))) if folder.exists(LOCK) else None
    except (ValueError, TypeError, FileNotFoundError):
        return None


def _is_alive(holder: dict[str, Any]) -> bool:
    if holder.get("host") == socket.gethostname():
        try:
            os.kill(int(holder["pid"]), 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return int(holder["pid"]) != os.getpid()
    return time.time() - float(holder.get("seen", 0)) < _DEAD_SECONDS
