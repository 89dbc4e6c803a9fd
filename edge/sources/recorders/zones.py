"""What a time of day means: in the zone that was written with it, in the one given, or in UTC."""

import difflib
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from edge.errors import SettingError

_OFFSET = re.compile(r"(?:UTC)?([+-])(\d{1,2}):?(\d{2})?", re.ASCII)
# No zone is further from UTC, and none is off by other parts of an hour.
_GREATEST_OFFSET, _STEP = timedelta(hours=14), timedelta(minutes=15)


class Written(NamedTuple):
    """A time of day as somebody wrote it.

    Attributes:
        at: with a zone if one was written.
        place: where: `name`, `GUANO`, `ICMT`, `bext` or `option`.
    """

    at: datetime
    place: str

    def __str__(self) -> str:
        zone = "" if self.at.tzinfo is not None else ", without a zone"
        return f"{self.at.isoformat(sep=' ')}{zone}"


class Zone:
    """The zone of times that were written without one.

    Args:
        text: an IANA name such as `Europe/Berlin`, an offset such as `+02:00`, or UTC; None where nobody said, and UTC
            is assumed.

    Raises:
        SettingError: if it is none.

    >>> Zone("+05:30").utc(datetime(2023, 5, 1, 4, 30))
    datetime.datetime(2023, 4, 30, 23, 0, tzinfo=datetime.timezone.utc)
    """

    def __init__(self, text: str | None = None) -> None:
        self.text = text
        self._zone: tzinfo = UTC if text is None else _zone(text)

    @property
    def given(self) -> bool:
        """Whether the user gave one."""
        return self.text is not None

    def utc(self, written: datetime) -> datetime:
        """The moment that was meant; of a clock's hour that comes twice, the first.

        Raises:
            OverflowError: if it lies beyond the calendar.
        """
        return (written if written.tzinfo is not None else written.replace(tzinfo=self._zone)).astimezone(UTC)

    def doubt(self, written: datetime) -> str | None:
        """What is doubtful about a time without a zone, because clocks are set forward and back; None if nothing is."""
        if written.tzinfo is not None:
            return None
        first, second = (written.replace(tzinfo=self._zone, fold=fold) for fold in (0, 1))
        if first.utcoffset() == second.utcoffset():
            return None
        # An hour that is left out has the offset from before it as its first one.
        if first.astimezone(UTC).astimezone(self._zone).replace(tzinfo=None) == written:
            return f"comes twice in {self.text} that day, and the first ({first:%z}) was taken"
        return f"does not exist in {self.text} that day, and was read with the offset from before ({first:%z})"


def moment_of(parts: Sequence[str], zone: tzinfo | None) -> datetime | None:
    """The time of a year, month, day, hour, minute and second in digits; None if there is none."""
    year, month, day, hour, minute, second = map(int, parts)
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=zone)
    except ValueError:
        return None


def offset_of(text: str) -> tzinfo | None:
    """The zone that an offset means, such as `+0200`, `-5`, `+05:30` or `Z`; None if it is no such thing.

    >>> offset_of("+0530"), offset_of("-0001"), offset_of("+15:00")
    (datetime.timezone(datetime.timedelta(seconds=19800)), None, None)
    """
    if text.upper() in ("Z", "UTC", "GMT"):
        return UTC
    found = _OFFSET.fullmatch(text)
    if found is None:
        return None
    offset = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    if offset > _GREATEST_OFFSET or offset % _STEP or int(found[3] or 0) > 59:
        return None
    return timezone(-offset if found[1] == "-" else offset)


def _zone(text: str) -> tzinfo:
    offset = offset_of(text)
    if offset is not None:
        return offset
    try:
        return ZoneInfo(text)
    except (ValueError, OSError, LookupError):  # no such name, no name at all, or that of a folder
        near = difflib.get_close_matches(text, sorted(available_timezones()), n=1)
        raise SettingError(
            f"--timezone {text}: expected a name such as Europe/Berlin, an offset such as +02:00, or UTC"
            + (f"; did you mean {near[0]!r}?" if near else "")
        ) from None
