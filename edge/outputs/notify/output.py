"""The output that sends notifications.

log of earlier runs ──> Engine ──> spool ──> Sender, one for each target
records ─────────────────┘           │
└─ keys of what was accepted: a restart repeats nothing
"""

import contextlib
import json
import logging
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge.log import Record, read_log
from edge.outputs.notify.engine import Engine, time_of
from edge.outputs.notify.notification import Notification
from edge.outputs.notify.rules import Rule, rules_of
from edge.outputs.notify.sender import CLOSE_SECONDS, Sender
from edge.outputs.notify.targets import targets_of
from edge.outputs.output import Output
from edge.outputs.spool import Spool, state_folder

_log = logging.getLogger(__name__)

_KEPT = timedelta(days=1)  # a message waits for its target, and one that a crash cost is made again
_AHEAD = timedelta(hours=1)
_EXPIRE_SECONDS = 600.0
_WRITTEN_LATE = timedelta(seconds=30)  # an event is written up to so long after it ended


def open_notifications(tables: object, where: str, folder: Path | None, log: Path | None) -> "NotifyOutput":
    """The output of the rules in these tables.

    Args:
        tables: `[[notify]]`, as TOML gives them.
        where: they stand, as errors name it.
        folder: of the spool; see `state_folder`.
        log: that the run appends to; what it holds by now is read when the output starts.

    Raises:
        InstallError, OSError, SettingError: if a rule, a target or a file cannot be used.
    """
    rules = rules_of(tables, where)
    if log is None:
        _log.warning("notify: without --out events.jsonl a restart forgets what was before, such as a cooldown")
    earlier: Iterable[Record] = ()
    if log is not None:
        with contextlib.suppress(FileNotFoundError):  # the first run
            earlier = read_log(log)
    return NotifyOutput(rules, state_folder(folder), earlier)


class NotifyOutput(Output):
    """Sends notifications.

    Args:
        rules: which.
        folder: of the spool.
        earlier: the records of earlier runs.

    Raises:
        InstallError, OSError, SettingError: see `targets_of` and `Spool`.
    """

    name = "notify"

    def __init__(self, rules: Sequence[Rule], folder: Path, earlier: Iterable[Record]) -> None:
        super().__init__()
        self._rules, self._earlier = rules, earlier
        self._engine = Engine(rules)
        targets = targets_of(rules)
        self._spool = Spool(folder / "notify.sqlite", _KEPT.total_seconds())
        self._senders = {
            url: Sender(url, send, self._spool, lambda source, why: self.lose(source, "notifications", 1, why))
            for url, send in targets.items()
        }
        self._since: dict[str, datetime] = {}  # when each rule was first used
        self._expired_at = 0.0

    def start(self) -> None:
        """See `Output.start`: make the state again from the log, and what the last run did not get to."""
        now = datetime.now(UTC)
        for rule in self._rules:
            began = self._spool.noted(f"rule {rule.name}")
            if began is None:
                self._spool.note(f"rule {rule.name}", now.isoformat())
            self._since[rule.name] = now if began is None else datetime.fromisoformat(began)
        self._drop_old()
        for sender in self._senders.values():
            sender.start()
        for record in self._earlier:
            self.write(record)
        self._post(self._engine.advance(now - _WRITTEN_LATE))

    def write(self, record: Record) -> None:
        """See `Output.write`. The time of a record from a clock that ran ahead would last for ever; it is left out."""
        at = time_of(record)
        if at is None or at < datetime.now(UTC) + _AHEAD:
            self._post(self._engine.take(record))

    def tick(self) -> None:
        """See `Output.tick`."""
        now, due = datetime.now(UTC) - _WRITTEN_LATE, self._engine.next_due
        if due is not None and due <= now:
            self._post(self._engine.advance(now))
        if time.monotonic() - self._expired_at > _EXPIRE_SECONDS:
            self._drop_old()
        self.failure = next((sender.failure for sender in self._senders.values() if sender.failure), None)

    def close(self) -> None:
        """See `Output.close`."""
        for sender in self._senders.values():
            sender.stop()
        end = time.monotonic() + CLOSE_SECONDS
        ended = [sender.join(max(0.0, end - time.monotonic())) for sender in self._senders.values()]
        if all(ended):
            self._spool.close()
        if self._engine.timeless:
            _log.warning("notify: %d events have no time of day and led to no message", self._engine.timeless)

    def _post(self, notifications: Sequence[Notification]) -> None:
        """Hand messages to the senders, but those from before their rule was there, and those of long ago."""
        if not notifications:
            return
        oldest = datetime.now(UTC) - _KEPT
        to = {rule.name: rule.to for rule in self._rules}
        for each in notifications:
            if each.at < max(oldest, self._since[each.rule]):
                continue
            source, body = (each.data.get("sources") or [""])[0], json.dumps(each.to_dict(), ensure_ascii=False)
            for target in to[each.rule]:
                try:
                    accepted = self._spool.add(target, each.key, source, body)
                except OSError as exc:
                    self.lose(source, "notifications", 1, exc.strerror or str(exc))
                    continue
                if accepted:
                    self._senders[target].wake()

    def _drop_old(self) -> None:
        self._expired_at = time.monotonic()
        for source, count in self._spool.expire():
            self.lose(source, "notifications", count, f"waited for {_KEPT}")
