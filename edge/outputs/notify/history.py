"""What came before of each label: whether an event is the first of the day, and the like."""

from collections import deque
from datetime import date, datetime, timedelta, tzinfo

from edge.outputs.notify.rules import When

_HOUR = timedelta(hours=1)


class History:
    """The events of one rule so far, by label.

    Args:
        when: which events are worth a message.
        zone: of local time; the machine's if None.
    """

    def __init__(self, when: When, zone: tzinfo | None) -> None:
        self._when, self._zone = when, zone
        self._last: dict[str, datetime] = {}
        self._day: dict[str, date] = {}
        self._hour: dict[str, deque[datetime]] = {}
        self._many: set[str] = set()  # labels of which there are more than the count now

    def add(self, label: str, begin: datetime) -> bool:
        """Note an event; returns whether it is worth a message."""
        match self._when.kind:
            case "first of the day":
                day = begin.astimezone(self._zone).date()
                before = self._day.get(label)
                self._day[label] = day if before is None else max(day, before)
                return before is None or day > before
            case "first ever" | "absent":
                last = self._last.get(label)
                self._last[label] = begin if last is None else max(begin, last)
                if last is None:
                    return True
                return self._when.kind == "absent" and begin - last >= self._when.absence
            case "more than":
                return self._is_too_many(label, begin)
        return True

    def _is_too_many(self, label: str, begin: datetime) -> bool:
        """Whether this event is the one that makes it more than the count; the next such comes after a quieter time."""
        recent = self._hour.setdefault(label, deque())
        recent.append(begin)
        while begin - recent[0] >= _HOUR:
            recent.popleft()
        many = len(recent) > self._when.count
        became = many and label not in self._many
        (self._many.add if many else self._many.discard)(label)
        return became
