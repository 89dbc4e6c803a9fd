"""Which notifications a log leads to: rules over its records, by the times in the records.

    record ──> match ──> history (`when`) ──> cooldown ──> coalesce ──> quiet hours, most per hour ──> notification
                                                                              └──> digest

Nothing here asks a clock. The same records lead to the same notifications, live or from a file; that is how a restart
knows what was sent. `advance` says what time it is, and releases what had to wait for that.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from edge.log import Record
from edge.outputs.notify.history import History
from edge.outputs.notify.notification import Notification, Occurrence, Tally, notification_of
from edge.outputs.notify.rules import Rule
from edge.outputs.notify.times import Schedule, next_time

_HOUR = timedelta(hours=1)


class Engine:
    """Applies rules to the records of a log.

    Args:
        rules: applied each on its own.

    Attributes:
        now: the latest time that it knows of, in UTC; None before the first.
        timeless: number of events that have no time of day, and were left out.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = [_RuleState(rule) for rule in rules]
        self.now: datetime | None = None
        self.timeless = 0

    def take(self, record: Record) -> list[Notification]:
        """The notifications that are due once this record is written, the oldest first."""
        at = time_of(record)
        if at is None:
            self.timeless += record["type"] == "event"
            return []
        due = self.advance(at)
        for rule in self._rules:
            rule.take(record, at)
        assert self.now is not None
        return due + self.advance(self.now)

    def advance(self, now: datetime) -> list[Notification]:
        """The notifications that are due until now, the oldest first; time does not go back."""
        self.now = now if self.now is None else max(now, self.now)
        due = [each for rule in self._rules for each in rule.advance(self.now)]
        return sorted(due, key=lambda each: each.at)

    @property
    def next_due(self) -> datetime | None:
        """When something that waits now is due."""
        return min((rule.next_due for rule in self._rules if rule.next_due is not None), default=None)


def time_of(record: Record) -> datetime | None:
    """When a record was written, as far as it says that itself, in UTC."""
    for name in ("offset_utc", "at_utc", "started_at"):
        if name in record and not record.get("continued"):
            return datetime.fromisoformat(record[name])
    return None


class _RuleState:
    """One rule, and what it knows of the log so far."""

    def __init__(self, rule: Rule) -> None:
        self._rule, self._zone = rule, rule.timezone
        self._history = History(rule.when, rule.timezone)
        self._cooldown: dict[tuple[str, str], datetime] = {}  # until when, by kind, and label or source
        self._quieted: dict[str, int] = {}  # events kept quiet since the last message, by label
        self._joining: dict[str, Occurrence] = {}  # by label: open for more events
        self._lost: dict[str, Occurrence] = {}  # by source: of what is lost now
        self._reported: dict[str, bool] = {}  # by lost source, once due: whether a message says so
        self._sent: deque[datetime] = deque()  # messages of the last hour
        self._tally = Tally()
        self._digest_at: datetime | None = None
        self._out: list[Notification] = []

    def take(self, record: Record, at: datetime) -> None:
        """Apply the rule to a record that was written at that time."""
        rule = self._rule
        if rule.sources is not None and record["source"] not in rule.sources:
            return
        match record["type"]:
            case "event" if "events" in rule.about:
                self._take_event(record)
            case "gap" if "gaps" in rule.about:
                self._take_gap(record)
            case "source" | "start" | "stop" if "sources" in rule.about:
                self._take_state(record, at)

    def advance(self, now: datetime) -> list[Notification]:
        """Release what is due until now."""
        while (due := self.next_due) is not None and due <= now:
            if self._digest_at is not None and self._digest_at <= due:
                self._send_digest()
                continue
            for label in [label for label, each in self._joining.items() if self._closes_at(each) <= due]:
                self._dispatch(self._joining.pop(label), due)
            for source in [source for source in self._lost if self._told_at(source) == due]:
                self._report_lost(source, due)
        out, self._out = self._out, []
        return out

    @property
    def next_due(self) -> datetime | None:
        """When the next of what waits is due."""
        times = [self._closes_at(each) for each in self._joining.values()]
        times += [at for at in map(self._told_at, self._lost) if at is not None]
        return min(times if self._digest_at is None else [*times, self._digest_at], default=None)

    def _closes_at(self, joining: Occurrence) -> datetime:
        return joining.end + self._rule.coalesce

    def _told_at(self, source: str) -> datetime | None:
        return None if source in self._reported else self._lost[source].begin + self._rule.lost_after

    def _take_event(self, record: Record) -> None:
        rule, event = self._rule, _occurrence(record, "event", record["label"])
        if rule.labels is not None and event.what not in rule.labels:
            return
        assert event.confidence is not None
        if event.confidence < rule.confidence or event.end - event.begin < rule.length:
            return
        if rule.hours is not None and not rule.hours.holds(event.begin.astimezone(self._zone)):
            return
        worth = self._history.add(event.what, event.begin)
        open_one = self._joining.get(event.what)
        if open_one is not None and event.begin <= self._closes_at(open_one):
            self._joining[event.what] = joined = _joined(open_one, event)
            self._cool("event", event.what, joined.end)
        elif worth:
            self._begin_event(event)

    def _begin_event(self, event: Occurrence) -> None:
        label = event.what
        if self._is_cooling("event", label, event.begin):
            self._quieted[label] = self._quieted.get(label, 0) + 1
            return
        self._cool("event", label, event.end)
        event = replace(event, before=self._quieted.pop(label, 0))
        if self._rule.coalesce:
            self._joining[label] = event
        else:
            self._dispatch(event, event.end)

    def _take_gap(self, record: Record) -> None:
        gap, source = _occurrence(record, "gap", record["reason"]), record["source"]
        if gap.end - gap.begin >= self._rule.length and not self._is_cooling("gap", source, gap.begin):
            self._cool("gap", source, gap.end)
            self._dispatch(gap, gap.end)

    def _take_state(self, record: Record, at: datetime) -> None:
        source, state = record["source"], record.get("state")
        failed = record["type"] == "stop" and record["reason"] == "error"
        if state == "lost" or failed:
            why = record.get("detail", "it failed")
            self._lost.setdefault(source, Occurrence(kind="lost", what=why, sources=(source,), begin=at, end=at))
        elif state == "connected" or record["type"] in ("start", "stop"):
            lost, reported = self._lost.pop(source, None), self._reported.pop(source, False)
            if lost is not None and reported and record["type"] != "stop":
                self._dispatch(replace(lost, kind="returned", end=at), at)

    def _report_lost(self, source: str, at: datetime) -> None:
        self._reported[source] = not self._is_cooling("lost", source, at)
        if self._reported[source]:
            self._cool("lost", source, at)
            self._dispatch(self._lost[source], at)

    def _is_cooling(self, kind: str, about: str, at: datetime) -> bool:
        until = self._cooldown.get((kind, about))
        return until is not None and at < until

    def _cool(self, kind: str, about: str, at: datetime) -> None:
        """Begin the cooldown of a label or a source."""
        if self._rule.cooldown:
            self._cooldown[kind, about] = at + self._rule.cooldown

    def _dispatch(self, occurrence: Occurrence, at: datetime) -> None:
        """Send a message, or keep it for a digest."""
        digest_at = self._held_until(at)
        if digest_at is None:
            self._sent.append(at)
            self._out.append(notification_of(self._rule.name, occurrence, at, self._zone))
            return
        self._tally.add(occurrence)
        self._digest_at = digest_at if self._digest_at is None else min(self._digest_at, digest_at)

    def _held_until(self, at: datetime) -> datetime | None:
        """When the digest comes that a message of that time has to wait for; None if it need not wait."""
        rule = self._rule
        if rule.digest is not None:
            return next_time(rule.digest, at, self._zone)
        if rule.quiet is not None and rule.quiet.holds(at.astimezone(self._zone)):
            return next_time(Schedule(rule.quiet.end), at, self._zone)
        while self._sent and at - self._sent[0] >= _HOUR:
            self._sent.popleft()
        if rule.most_per_hour is not None and len(self._sent) >= rule.most_per_hour:
            return self._sent[0] + _HOUR
        return None

    def _send_digest(self) -> None:
        at = self._digest_at
        assert at is not None
        later = None if self._rule.digest is not None else self._held_until(at)
        if later is not None:  # it would come within quiet hours
            self._digest_at = later
            return
        self._sent.append(at)
        self._out.append(self._tally.digest(self._rule.name, at, self._zone))
        self._tally, self._digest_at = Tally(), None


def _occurrence(record: Record, kind: str, what: str) -> Occurrence:
    begin, end = (datetime.fromisoformat(record[name]) for name in ("onset_utc", "offset_utc"))
    sources, confidence = (record["source"],), record.get("confidence")
    return Occurrence(kind=kind, what=what, sources=sources, begin=begin, end=end, confidence=confidence)


def _joined(first: Occurrence, other: Occurrence) -> Occurrence:
    """Two events of a label as one."""
    assert first.confidence is not None and other.confidence is not None
    return replace(
        first,
        sources=tuple(dict.fromkeys(first.sources + other.sources)),
        end=max(first.end, other.end),
        confidence=max(first.confidence, other.confidence),
        count=first.count + 1,
    )
