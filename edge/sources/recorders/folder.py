"""The recordings of a folder, in order of time."""

import os
from pathlib import Path

from edge.errors import SourceError
from edge.sources.audio import AUDIO_SUFFIXES
from edge.sources.recorders.starting import written_start
from edge.sources.recorders.zones import Zone


def recordings_in(folder: Path, zone: Zone) -> list[Path]:
    """All audio files below a folder, in the order in which they began.

    What counts is the time in a file or in its name; files without one come after the others, and what time cannot
    tell apart is in order of its path. Hidden files and folders are left out.

    Args:
        folder: to look in.
        zone: of times without one.

    Raises:
        SourceError: if there is none, or the folder cannot be read.
    """

    def refuse(exc: OSError) -> None:
        raise SourceError(f"{exc.filename}: {exc.strerror}; give a folder that can be read") from exc

    found = []
    for place, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [
            Path(place, name)
            for name in names
            if not name.startswith(".") and Path(name).suffix.lower() in AUDIO_SUFFIXES
        ]
    if not found:
        raise SourceError(
            f"{folder}: holds no audio file; expected some, in it or below it: {', '.join(sorted(AUDIO_SUFFIXES))}"
        )
    return sorted(found, key=lambda path: (_order(path, zone), str(path)))


def _order(path: Path, zone: Zone) -> tuple[bool, float]:
    written = written_start(path)
    return (True, 0.0) if written is None else (False, zone.utc(written.at).timestamp())
