"""The time that a recorder wrote into the name of a file.

20230501_043000.WAV                      AudioMoth; 20230501_043000T.WAV where a sound triggered it
SMM00001_20230501_043000.wav             Song Meter; with the microphones before it, _0+1_ or _0A1B_
SITE_20161023$195550.wav                 a Song Meter whose clock was set by GPS
20230501T043000+1000_SITE.flac           Frontier Labs; the zone is written
SWIFT_20230501_043000-0500.wav           Cornell's Swift; the zone is written
2023-05-01_04-30-00.mkv, 2023-05-01-birdnet-04:30:00.wav, 2023-05-01T04:30:00Z.wav    others
"""

import re
from datetime import datetime
from pathlib import PurePath

from edge.sources.recorders.zones import moment_of, offset_of

# A year of four digits, and all that follows down to the second: shorter numbers may be anything.
_DATE = r"(?P<year>19[7-9]\d|20\d\d)(?P<dash>[-._]?)(?P<month>\d\d)(?P=dash)(?P<day>\d\d)"
_TIME = r"(?P<hour>\d\d)(?P<colon>[-:._]?)(?P<minute>\d\d)(?P=colon)(?P<second>\d\d)"
_ZONE = r"(?P<zone>_?(?:Z|UTC|[+-]\d\d:?\d\d)(?![A-Za-z0-9]))?"
_MOMENT = re.compile(rf"(?<!\d){_DATE}(?:[_$T -]|[-_][A-Za-z]+[-_])?{_TIME}(?!\d){_ZONE}", re.ASCII)


def time_in_name(name: str) -> datetime | None:
    """The time in a file's name, with a zone if that is written there.

    Args:
        name: of the file; the folders before it do not count.

    Returns:
        None if it says no time, one that does not exist, or more than one.

    >>> time_in_name("SMM00001_20230501_043000.wav"), time_in_name("20230229_043000.WAV")
    (datetime.datetime(2023, 5, 1, 4, 30), None)
    """
    found = {_moment(match) for match in _MOMENT.finditer(PurePath(name).stem)}
    return found.pop() if len(found) == 1 else None


def _moment(match: re.Match[str]) -> datetime | None:
    text = (match["zone"] or "").lstrip("_")
    zone = offset_of(text)
    if zone is None and text.startswith("+"):
        return None  # as far from UTC as no place is; after a hyphen it is just some number
    parts = [match[part] for part in ("year", "month", "day", "hour", "minute", "second")]
    return moment_of(parts, zone)
