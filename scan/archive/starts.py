"""When the sound of an archive's file began."""

from datetime import datetime
from pathlib import Path, PurePosixPath

from edge.sources import LAST_YEAR, Start, Zone
from edge.sources.recorders import Written, time_in_name, written_start

HOW = ("auto", "metadata", "name", "none")
"""Where times of day are looked for: `auto` is metadata and, where that says nothing, the name."""


def start_of(path: str, local: Path | None, said: datetime | None, how: str, zone: Zone) -> tuple[Start | None, str]:
    """When a file began, and what is doubtful about that ("" if nothing).

    Args:
        path: of the file, or its URL.
        local: the same, if it is on a disk of this machine.
        said: what a manifest says, in UTC.
        how: one of `HOW`.
        zone: of times without one.
    """
    if said is not None:
        return Start(said, "manifest", "written"), ""
    if how == "none":
        return None, ""
    written: Written | None = None
    if local is not None and how != "name":
        written = written_start(local, "metadata")
    if written is None and how != "metadata":
        named = time_in_name(PurePosixPath(path).name)
        written = None if named is None else Written(named, "name")
    if written is None:
        return None, ""
    try:
        at = zone.utc(written.at)
    except OverflowError:
        return None, f"{written} is beyond the calendar"
    if at.year > LAST_YEAR:
        return None, f"{written} is beyond the calendar"
    known = written.at.tzinfo is not None
    doubt = zone.doubt(written.at)
    return Start(at, written.place, "written" if known else "given" if zone.given else "assumed"), doubt or ""
