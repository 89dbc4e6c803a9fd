"""The time that a recorder wrote into a file, beside its sound.

GUANO   `Timestamp: 2023-05-01T04:30:00+02:00`, in the chunk `guan` of a WAVE file (Song Meter, AudioMoth)
ICMT    `Recorded at 04:30:00 01/05/2023 (UTC+2) by AudioMoth ...`: a comment, which other formats may keep as well
bext    OriginationDate and OriginationTime of Broadcast Wave (EBU Tech 3285): those of the place, without a zone
"""

import re
from datetime import datetime
from pathlib import Path

import av

from edge.sources.recorders.chunks import wave_chunks
from edge.sources.recorders.zones import Written, moment_of, offset_of

_YEAR = r"(19[7-9]\d|20\d\d)"
_GUANO = re.compile(
    rf"^Timestamp:\s*{_YEAR}-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?\s*(Z|[+-]\d\d:?(?:\d\d)?)?\s*$",
    re.ASCII | re.MULTILINE | re.IGNORECASE,
)
_RECORDED = re.compile(
    rf"Recorded at (\d\d):(\d\d):(\d\d)(?:\.(\d+))? (\d\d)/(\d\d)/{_YEAR}(?: \((UTC[^)]*)\))?", re.ASCII
)
# Any character may divide them, but for digits.
_BEXT = re.compile(rf"{_YEAR}\D(\d\d)\D(\d\d)(\d\d)\D(\d\d)\D(\d\d)", re.ASCII)
_BEXT_DATE = slice(256 + 32 + 32, 256 + 32 + 32 + 10 + 8)  # after description, originator and its reference


def time_in_metadata(path: Path) -> Written | None:
    """The time that is written within a file; None if there is none, or the file is none that can be read.

    GUANO comes first, then AudioMoth's comment, then bext, which knows of no zone.
    """
    try:
        chunks = wave_chunks(path, frozenset((b"guan", b"ICMT", b"bext"))) if path.is_file() else {}
    except OSError:
        return None
    guano = time_in_guano(_text(chunks.get(b"guan", b"")))
    if guano is not None:
        return Written(guano, "GUANO")
    comment = _text(chunks[b"ICMT"]) if b"ICMT" in chunks else _comment(path)
    recorded = time_in_comment(comment)
    if recorded is not None:
        return Written(recorded, "ICMT")
    origination = time_in_bext(chunks.get(b"bext", b""))
    return None if origination is None else Written(origination, "bext")


def time_in_guano(text: str) -> datetime | None:
    r"""The `Timestamp` of GUANO metadata, with a zone if that is written.

    >>> time_in_guano("GUANO|Version: 1.0\nTimestamp: 2023-05-01T04:30:00")
    datetime.datetime(2023, 5, 1, 4, 30)
    """
    found = _GUANO.search(text)
    if found is None:
        return None
    *parts, fraction, zone = found.groups()
    return _moment(parts, fraction, zone)


def time_in_comment(text: str) -> datetime | None:
    """The time in the comment that an AudioMoth writes, with its zone; the oldest of them wrote none.

    >>> time_in_comment("Recorded at 04:30:00 01/05/2023 (UTC) by AudioMoth 24F3190160")
    datetime.datetime(2023, 5, 1, 4, 30, tzinfo=datetime.timezone.utc)
    """
    found = _RECORDED.search(text)
    if found is None:
        return None
    hour, minute, second, fraction, day, month, year, zone = found.groups()
    return _moment([year, month, day, hour, minute, second], fraction, zone)


def time_in_bext(body: bytes) -> datetime | None:
    """The origination date and time of a `bext` chunk, without a zone."""
    found = _BEXT.fullmatch(body[_BEXT_DATE].decode("ascii", "replace"))
    return None if found is None else _moment(list(found.groups()), None, None)


def _moment(parts: list[str], fraction: str | None, zone: str | None) -> datetime | None:
    """None if there is no such time, or no such zone."""
    offset = None if zone is None else offset_of(zone)
    if offset is None and zone is not None:
        return None
    moment = moment_of(parts, offset)
    if moment is None or fraction is None:
        return moment
    return moment.replace(microsecond=int(fraction[:6].ljust(6, "0")))


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace").replace("\0", " ").replace("\r", "\n")


def _comment(path: Path) -> str:
    """That of a file of another kind, which may have been made from a recorder's."""
    if not path.is_file() or path.suffix.lower() not in (
        ".flac",
        ".ogg",
        ".oga",
        ".opus",
        ".m4a",
        ".mp3",
        ".mka",
        ".wv",
    ):
        return ""
    try:
        with av.open(str(path.absolute()), metadata_errors="ignore") as container:
            tags = {key.lower(): text for key, text in container.metadata.items()}
            for stream in container.streams.audio:
                tags |= {key.lower(): text for key, text in stream.metadata.items()}
    except (av.error.FFmpegError, OSError, ValueError):
        return ""
    return tags.get("comment", "")
