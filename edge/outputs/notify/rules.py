"""The rules of notifications: the `[[notify]]` tables of the settings file. docs/operations.md lists their keys."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from edge.errors import SettingError, did_you_mean
from edge.outputs.notify.times import Hours, Schedule, hours_of, schedule_of
from edge.outputs.values import length_of

_ABOUT = ("events", "gaps", "sources")
_NONE = timedelta(0)


@dataclass(frozen=True, kw_only=True)
class When:
    """Which of the matching events of a label are worth a message.

    Attributes:
        kind: `each`, `first of the day`, `first ever`, `absent` or `more than`.
        absence: for `absent`: how long there was none.
        count: for `more than`: events within an hour.
    """

    kind: str = "each"
    absence: timedelta = _NONE
    count: int = 0


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What is worth a message, and where it goes: a field for each key of a table, with `_` for `-`."""

    name: str
    to: tuple[str, ...]
    secret_file: Path | None = None
    about: tuple[str, ...] = ("events",)
    labels: frozenset[str] | None = None
    sources: frozenset[str] | None = None
    confidence: float = 0.0
    length: timedelta = _NONE
    hours: Hours | None = None
    when: When = field(default_factory=When)
    lost_after: timedelta = timedelta(minutes=1)
    cooldown: timedelta = _NONE
    coalesce: timedelta = _NONE
    quiet: Hours | None = None
    most_per_hour: int | None = None
    digest: Schedule | None = None
    timezone: ZoneInfo | None = None

    @classmethod
    def from_table(cls, table: Mapping[str, object], where: str) -> "Rule":
        """Read one table.

        Args:
            table: as TOML gives it.
            where: it stands, as an error names it.

        Raises:
            SettingError: if a key is unknown or missing, or a value is not what it should be.
        """
        known = {each.name.replace("_", "-"): each.name for each in fields(cls)}
        values: dict[str, Any] = {}
        for key, value in table.items():
            name = key.replace("_", "-")
            if name not in known:
                raise SettingError(f"{where}: unknown key {key!r}{did_you_mean(name, known)}")
            try:
                values[known[name]] = _READERS[known[name]](value)
            except ValueError as exc:
                shown = "" if name == "to" else f" {value!r}"  # there may be a password in it
                raise SettingError(f"{where}: {key}{shown}: {exc}") from exc
        for key in ("name", "to"):
            if key not in values:
                raise SettingError(f"{where}: {key} is missing; each rule has a name, and says where its messages go")
        return cls(**values)


def rules_of(tables: object, where: str) -> list[Rule]:
    """All rules of a settings file.

    Args:
        tables: what its `notify` is.
        where: name of the file.

    Raises:
        SettingError: if one is wrong, or two have the same name.
    """
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise SettingError(f"{where}: notify: expected tables, each under a line [[notify]]")
    rules = [Rule.from_table(table, f"{where}: [[notify]] {n}") for n, table in enumerate(tables, start=1)]
    names = [rule.name for rule in rules]
    for name in names:
        if names.count(name) > 1:
            raise SettingError(f"{where}: two rules are called {name!r}; messages are told apart by the name")
    return rules


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("expected text in quotes")
    return value


def _texts(value: object) -> tuple[str, ...]:
    values = tuple(map(_text, value if isinstance(value, list) else [value]))
    if not values:
        raise ValueError("expected text in quotes or a list of it")
    return values


def _about(value: object) -> tuple[str, ...]:
    for each in _texts(value):
        if each not in _ABOUT:
            raise ValueError(f"{each!r} is none of {', '.join(_ABOUT)}")
    return _texts(value)


def _confidence(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0.0 <= value <= 1.0:
        raise ValueError("expected a number from 0 to 1")
    return float(value)


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError("expected a whole number from 1")
    return value


def _targets(value: object) -> tuple[str, ...]:
    for each in _texts(value):
        if "://" not in each:
            raise ValueError("expected URLs such as https://example.org/hook or ntfy://ntfy.sh/porch")
    return _texts(value)


def _timezone(value: object) -> ZoneInfo:
    try:
        return ZoneInfo(_text(value))
    except (KeyError, OSError, ValueError) as exc:
        raise ValueError("expected a time zone such as Europe/Berlin") from exc


def _when(value: object) -> When:
    text = " ".join(_text(value).split())
    if text in ("each", "first of the day", "first ever"):
        return When(kind=text)
    if text.startswith("absent "):
        return When(kind="absent", absence=length_of(text.removeprefix("absent ")))
    many = re.fullmatch(r"more than (\d{1,5}) an hour", text)
    if many is None:
        raise ValueError("expected each, first of the day, first ever, absent 14d, or more than 5 an hour")
    return When(kind="more than", count=int(many[1]))


_READERS: dict[str, Callable[[object], object]] = {
    "name": _text,
    "to": _targets,
    "secret_file": lambda value: Path(_text(value)),
    "about": _about,
    "labels": lambda value: frozenset(_texts(value)),
    "sources": lambda value: frozenset(_texts(value)),
    "confidence": _confidence,
    "length": length_of,
    "hours": hours_of,
    "when": _when,
    "lost_after": length_of,
    "cooldown": length_of,
    "coalesce": length_of,
    "quiet": hours_of,
    "most_per_hour": _count,
    "digest": schedule_of,
    "timezone": _timezone,
}
