"""Hours of the day and schedules, as a person writes them in settings."""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOUR = r"([01]\d|2[0-3]):([0-5]\d)"


class Hours(NamedTuple):
    """A part of the day, in local time; past midnight if it ends before it begins."""

    begin: time
    end: time

    def holds(self, local: datetime) -> bool:
        """Whether a moment lies in it."""
        now = local.time().replace(tzinfo=None)
        if self.begin <= self.end:
            return self.begin <= now < self.end
        return now >= self.begin or now < self.end


class Schedule(NamedTuple):
    """A time of day, of every day or of one day of the week (0 is Monday)."""

    at: time
    weekday: int | None = None


def hours_of(value: object) -> Hours:
    """Hours of the day, such as 22:00-06:00.

    Raises:
        ValueError: if they are not; the message says what is expected.
    """
    found = re.fullmatch(f"{_HOUR} ?- ?{_HOUR}", value) if isinstance(value, str) else None
    if found is None or found[1] + found[2] == found[3] + found[4]:
        raise ValueError("expected hours of the day such as 22:00-06:00")
    return Hours(time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4])))


def schedule_of(value: object) -> Schedule:
    """A time of day, with a day of the week or without.

    Raises:
        ValueError: if it is not; the message says what is expected.

    >>> schedule_of("sun 20:00").weekday
    6
    """
    found = re.fullmatch(f"(?:({'|'.join(_DAYS)}) )?{_HOUR}", value.lower()) if isinstance(value, str) else None
    if found is None:
        raise ValueError("expected a time of day such as 20:00, or of one day of the week such as sun 20:00")
    return Schedule(time(int(found[2]), int(found[3])), None if found[1] is None else _DAYS.index(found[1]))


def next_time(schedule: Schedule, after: datetime, zone: tzinfo | None) -> datetime:
    """The first time of a schedule that lies after a moment.

    Args:
        schedule: in local time.
        after: in UTC.
        zone: of local time; the machine's if None.

    Returns:
        In UTC.
    """
    day = after.astimezone(zone).date()
    while True:
        if schedule.weekday in (None, day.weekday()):
            moment = _utc(day, schedule.at, zone)
            if moment > after:
                return moment
        day += timedelta(days=1)


def _utc(day: date, at: time, zone: tzinfo | None) -> datetime:
    # Without a zone, Python takes it for the machine's local time, by its rules for that day.
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
