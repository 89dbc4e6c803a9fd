"""What is told: occurrences, sums of them, and the messages about both.

record ──> Occurrence ──> Notification of one
└──> Tally ──> Notification of many: a digest
"""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Any

from edge.log import rfc3339

SCHEMA = "sed-edge-notification/1"


@dataclass(frozen=True, kw_only=True)
class Occurrence:
    """One thing that a rule matched.

    Attributes:
        kind: `event`, `gap`, `lost` or `returned`.
        what: the label of an event, the reason of a gap, the detail of a source's state.
        sources: that it was in, in order of time.
        begin: in UTC.
        end: in UTC.
        confidence: the highest one, of events.
        count: of events that were joined to it.
        before: how many were kept quiet by the cooldown since the last message.
    """

    kind: str
    what: str
    sources: tuple[str, ...]
    begin: datetime
    end: datetime
    confidence: float | None = None
    count: int = 1
    before: int = 0


@dataclass(frozen=True, kw_only=True)
class Notification:
    """One message.

    Attributes:
        key: the same for the same message, however often it is made from a log; no two messages share one.
        rule: name of the rule.
        kind: `event`, `gap`, `lost`, `returned` or `digest`; `test` of a trial.
        at: when it is due, in UTC.
        title: one line for people.
        text: some lines for people.
        data: what it says, for programs.
    """

    key: str
    rule: str
    kind: str
    at: datetime
    title: str
    text: str
    data: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As it is sent to a webhook."""
        return {
            "schema": SCHEMA,
            "key": self.key,
            "rule": self.rule,
            "kind": self.kind,
            "at_utc": rfc3339(self.at),
            "title": self.title,
            "text": self.text,
            **self.data,
        }


class Tally:
    """Occurrences that wait for a digest, added up by kind, label or reason, and source."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str, str], dict[str, Any]] = {}

    def __bool__(self) -> bool:
        return bool(self._rows)

    def add(self, occurrence: Occurrence) -> None:
        """Count one."""
        where = ", ".join(occurrence.sources)
        row = self._rows.setdefault(
            (occurrence.kind, occurrence.what, where),
            {"count": 0, "seconds": 0.0, "first": occurrence.begin, "last": occurrence.begin, "confidence": None},
        )
        row["count"] += occurrence.count + occurrence.before
        row["seconds"] += (occurrence.end - occurrence.begin).total_seconds()
        row["last"] = max(row["last"], occurrence.begin)
        row["first"] = min(row["first"], occurrence.begin)
        if occurrence.confidence is not None:
            row["confidence"] = max(row["confidence"] or 0.0, occurrence.confidence)

    def digest(self, rule: str, at: datetime, zone: tzinfo | None) -> Notification:
        """All of it as one message."""
        rows = sorted(self._rows.items(), key=lambda item: (item[0][0], -item[1]["count"], item[0]))
        items = [_item(*key, row) for key, row in rows]
        total = sum(item["count"] for item in items)
        lines = [_line(*key, row, zone) for key, row in rows]
        return Notification(
            key=key_of(rule, "digest", rfc3339(at)),
            rule=rule,
            kind="digest",
            at=at,
            title=f"{rule}: {total} in all",
            text="\n".join(lines),
            data={"items": items},
        )


def notification_of(rule: str, occurrence: Occurrence, at: datetime, zone: tzinfo | None) -> Notification:
    """The message about one occurrence."""
    begin, end, sources = occurrence.begin, occurrence.end, list(occurrence.sources)
    data: dict[str, Any] = {"sources": sources, "onset_utc": rfc3339(begin), "offset_utc": rfc3339(end)}
    data["duration"] = round((end - begin).total_seconds(), 3)
    data["label" if occurrence.kind == "event" else "reason"] = occurrence.what
    if occurrence.kind == "event":
        data |= {"confidence": occurrence.confidence, "count": occurrence.count, "before": occurrence.before}
    return Notification(
        key=key_of(rule, occurrence.kind, occurrence.what, sources[0], rfc3339(begin)),
        rule=rule,
        kind=occurrence.kind,
        at=at,
        title=_title(occurrence),
        text=_sentence(occurrence, zone),
        data=data,
    )


def key_of(*parts: str) -> str:
    """A key for a message that is about these."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _title(occurrence: Occurrence) -> str:
    where = ", ".join(occurrence.sources)
    return {
        "event": f"{occurrence.what} ({where})",
        "gap": f"{where}: nothing was heard for a while ({occurrence.what})",
        "lost": f"{where} is lost",
        "returned": f"{where} is back",
    }[occurrence.kind]


def _sentence(occurrence: Occurrence, zone: tzinfo | None) -> str:
    begin, lasted = _local(occurrence.begin, zone), _lasted(occurrence.end - occurrence.begin)
    match occurrence.kind:
        case "event":
            times = f", {occurrence.count} times" if occurrence.count > 1 else ""
            before = f", and {occurrence.before} more since the last message" if occurrence.before else ""
            return f"{begin}, {lasted}{times}, confidence {occurrence.confidence:.2f}{before}"
        case "gap":
            return f"{begin}, {lasted}"
        case "lost":
            return f"since {begin}: {occurrence.what}"
    return f"was lost at {begin}, for {lasted}"


def _item(kind: str, what: str, where: str, row: dict[str, Any]) -> dict[str, Any]:
    item = {"kind": kind, "label" if kind == "event" else "reason": what, "source": where, "count": row["count"]}
    item |= {"seconds": round(row["seconds"], 3), "first_utc": rfc3339(row["first"]), "last_utc": rfc3339(row["last"])}
    return item if row["confidence"] is None else item | {"confidence": row["confidence"]}


def _line(kind: str, what: str, where: str, row: dict[str, Any], zone: tzinfo | None) -> str:
    name = what if kind == "event" else f"{kind} ({what})" if kind == "gap" else kind
    first, last = _local(row["first"], zone), _local(row["last"], zone)
    return f"{row['count']} x {name} ({where}), {first}" + (f" to {last}" if row["count"] > 1 else "")


def _local(moment: datetime, zone: tzinfo | None) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def _lasted(length: timedelta) -> str:
    seconds = length.total_seconds()
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
