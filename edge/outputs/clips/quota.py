"""Which clips are deleted to make room: those of the lowest confidence first, then the oldest.

Those that somebody reviewed go last. Kept are the best clips of each label, those of the last days, and those that a
person locked (`"locked": true` in the JSON file). Only clips are counted and deleted: any other file in the folder is
left alone, and one that cannot be read never stops the others.
"""

import contextlib
import json
import shutil
import time
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

from edge.outputs.clips.files import NEAR_MISSES, REVIEWS, read_description
from edge.outputs.clips.settings import ClipSettings

_DAY_SECONDS = 86_400.0


class SavedClip(NamedTuple):
    """A clip on the disk: its JSON file, label, confidence, when it was written, bytes, and whether an event's."""

    path: Path
    label: str
    confidence: float
    written_at: float
    size: int
    is_event: bool


class Quota:
    """Keeps count of the clips in a folder, and makes room.

    Args:
        folder: of all clips.
        settings: of clips.
    """

    def __init__(self, folder: Path, settings: ClipSettings) -> None:
        self._folder, self._settings = folder, settings
        self._clips = {path: clip for path in folder.rglob("*.json") if (clip := _read(path, folder)) is not None}
        self._bytes = sum(clip.size for clip in self._clips.values())

    @property
    def used_bytes(self) -> int:
        """Of all clips."""
        return self._bytes

    def add(self, path: Path) -> None:
        """Count a clip that was written; `path` is its JSON file."""
        clip = _read(path, self._folder)
        if clip is not None:
            self._clips[path] = clip
            self._bytes += clip.size

    def make_room(self, size: int) -> str | None:
        """Delete clips until there is room for so many bytes; if that is impossible none more, and the reason."""
        reason = self._shortage(size)
        if reason is None:
            return None
        for clip in self._deletable():
            self._delete(clip)
            reason = self._shortage(size)
            if reason is None:
                return None
        return reason

    def _shortage(self, size: int) -> str | None:
        if self._bytes + size > self._settings.quota:
            return f"the quota of {self._settings.quota / 1e9:g} GB is full of clips that are kept"
        if shutil.disk_usage(self._folder).free - size < self._settings.least_free:
            return f"less than {self._settings.least_free / 1e9:g} GB are free on the disk"
        return None

    def _deletable(self) -> list[SavedClip]:
        by_label: dict[str, list[SavedClip]] = defaultdict(list)
        for clip in self._clips.values():
            if clip.is_event:
                by_label[clip.label].append(clip)
        kept = set()
        for clips in by_label.values():
            clips.sort(key=lambda clip: (-clip.confidence, -clip.written_at))
            kept |= {clip.path for clip in clips[: self._settings.best]}
        newest = time.time() - self._settings.days * _DAY_SECONDS
        old = [clip for clip in self._clips.values() if clip.path not in kept and clip.written_at < newest]
        reviewed = _reviewed(self._folder)
        return sorted(old, key=lambda clip: (clip.path in reviewed, clip.confidence, clip.written_at))

    def _delete(self, clip: SavedClip) -> None:
        described = read_description(clip.path)
        if described is not None and described.get("locked"):
            return
        try:
            for path in _files(clip.path, described):
                path.unlink(missing_ok=True)
        except OSError:
            return  # the next one may go
        del self._clips[clip.path]
        self._bytes -= clip.size


def _reviewed(folder: Path) -> set[Path]:
    """The JSON files of the clips that have a line in the reviews; other lines are left out."""
    try:
        lines = (folder / REVIEWS).read_bytes().splitlines()
    except OSError:
        return set()
    found = set()
    for line in lines:
        with contextlib.suppress(ValueError, LookupError, TypeError, RecursionError):
            found.add((folder / json.loads(line)["clip"]).with_suffix(".json"))
    return found


def _read(path: Path, folder: Path) -> SavedClip | None:
    described = read_description(path)
    if described is None:
        return None
    try:
        written_at = path.stat().st_mtime
        size = sum(file.stat().st_size for file in _files(path, described) if file.exists())
    except OSError:
        return None
    is_event = NEAR_MISSES not in path.relative_to(folder).parts[:1]
    return SavedClip(path, described["label"], float(described["confidence"]), written_at, size, is_event)


def _files(path: Path, described: dict[str, Any] | None) -> list[Path]:
    """All files of a clip, the JSON file last."""
    audio = [] if described is None else [path.with_name(described["file"])]
    return [*audio, path.with_suffix(".png"), path]
