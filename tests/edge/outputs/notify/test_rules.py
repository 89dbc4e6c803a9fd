import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from edge.errors import SettingError
from edge.outputs.notify.rules import Rule, When, rules_of
from edge.outputs.notify.times import Hours, Schedule, next_time

LEAST = {"name": "dogs", "to": "https://example.org/hook"}


@pytest.fixture
def machine_in_berlin() -> Iterator[None]:
    """The machine's local time is that of Berlin."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()
    assert "Europe/Berlin" != os.environ.get("TZ")


def test_a_table_becomes_a_rule() -> None:
    """Each key, in the forms that people write it; dashes and underscores are the same."""
    table = {"labels": ["dog", "wolf"], "sources": "porch", "confidence": 0.8, "length": "500s", "cooldown": 60}
    table |= {"when": "more than  5 an hour", "hours": "22:00-06:30", "digest": "Sun 20:00", "most_per_hour": 4}
    rule = Rule.from_table(LEAST | table, "porch.toml")
    assert (frozenset({"dog", "wolf"}), frozenset({"porch"}), 0.8) == (rule.labels, rule.sources, rule.confidence)
    assert (timedelta(seconds=500), timedelta(minutes=1)) == (rule.length, rule.cooldown)
    assert (When(kind="more than", count=5), 4) == (rule.when, rule.most_per_hour)
    at = datetime(2026, 5, 1, 22, 0)
    assert Hours(at.time(), at.replace(hour=6, minute=30).time()) == rule.hours
    assert Schedule(at.replace(hour=20).time(), 6) == rule.digest
    assert (
        When(kind="absent", absence=timedelta(days=14))
        == Rule.from_table(LEAST | {"when": "absent 14d"}, "porch.toml").when
    )


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"name": "dogs"}, "porch.toml: [[notify]] 1: to is missing"),
        ({"to": "https://example.org"}, "name is missing"),
        (LEAST | {"lables": "dog"}, "porch.toml: [[notify]] 1: unknown key 'lables'; did you mean 'labels'?"),
        (LEAST | {"to": "me@example.org?token=secret"}, "to: expected URLs such as https://example.org/hook"),
        (LEAST | {"labels": []}, "labels []: expected text in quotes or a list of it"),
        (LEAST | {"about": "event"}, "about 'event': 'event' is none of events, gaps, sources"),
        (LEAST | {"confidence": 80}, "confidence 80: expected a number from 0 to 1"),
        (LEAST | {"cooldown": "10 minutes"}, "cooldown '10 minutes': expected a length of time such as 30s, 10m"),
        (LEAST | {"cooldown": -1}, "cooldown -1: expected a length of time"),
        (LEAST | {"quiet": "22-6"}, "quiet '22-6': expected hours of the day such as 22:00-06:00"),
        (LEAST | {"hours": "06:00-06:00"}, "hours '06:00-06:00': expected hours of the day"),
        (LEAST | {"when": "absent"}, "when 'absent': expected each, first of the day, first ever, absent 14d"),
        (LEAST | {"most-per-hour": 0}, "most-per-hour 0: expected a whole number from 1"),
        (LEAST | {"digest": "daily"}, "digest 'daily': expected a time of day such as 20:00"),
        (LEAST | {"timezone": "Berlin"}, "timezone 'Berlin': expected a time zone such as Europe/Berlin"),
    ],
)
def test_a_wrong_table_is_an_error_that_says_what_is_expected(table: dict[str, object], message: str) -> None:
    """With the place of it, and never with a password."""
    with pytest.raises(SettingError) as caught:
        rules_of([table], "porch.toml")
    assert message in str(caught.value)
    assert "secret" not in str(caught.value)


def test_two_rules_of_one_name_are_an_error() -> None:
    """Their messages could not be told apart."""
    with pytest.raises(SettingError, match="two rules are called 'dogs'"):
        rules_of([LEAST, LEAST], "porch.toml")
    with pytest.raises(SettingError, match=r"expected tables, each under a line \[\[notify\]\]"):
        rules_of({"name": "dogs"}, "porch.toml")


@pytest.mark.usefixtures("machine_in_berlin")
@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("2026-10-24T12:00:00", "2026-10-24T18:00:00"),
        ("2026-10-24T18:00:00", "2026-10-25T19:00:00"),  # the next one, an hour later in UTC
        ("2026-03-28T19:30:00", "2026-03-29T18:00:00"),
    ],
)
def test_without_a_zone_the_machine_s_local_time_counts(after: str, expected: str) -> None:
    """Also over the change of clocks."""
    begin = datetime.fromisoformat(after).replace(tzinfo=UTC)
    schedule = Schedule(datetime(2026, 1, 1, 20, 0).time())
    assert datetime.fromisoformat(expected).replace(tzinfo=UTC) == next_time(schedule, begin, None)
