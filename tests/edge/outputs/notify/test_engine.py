from datetime import UTC, datetime, timedelta

import pytest

from edge.log import Record, rfc3339
from edge.outputs.notify.engine import Engine
from edge.outputs.notify.notification import Notification
from edge.outputs.notify.rules import Rule

NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


def event(after: timedelta, label: str = "dog", source: str = "porch", confidence: float = 0.9) -> Record:
    """An event of one second that began so long after noon."""
    begin = NOON + after
    times = {"onset_utc": rfc3339(begin), "offset_utc": rfc3339(begin + timedelta(seconds=1))}
    return {"type": "event", "source": source, "label": label, **times, "confidence": confidence}


def state(after: timedelta, what: str, source: str = "porch") -> Record:
    """A source that is in another state from so long after noon on."""
    return {"type": "source", "source": source, "state": what, "detail": "no route", "at_utc": rfc3339(NOON + after)}


def sent(*records: Record, until: timedelta = timedelta(days=60), **settings: object) -> list[Notification]:
    """What one rule makes of a log, in local time of Berlin."""
    table = {"name": "rule", "to": "https://example.org", "timezone": "Europe/Berlin", **settings}
    engine = Engine([Rule.from_table(table, "porch.toml")])
    out = [each for record in records for each in engine.take(record)]
    return out + engine.advance(NOON + until)


def minutes_of(notifications: list[Notification]) -> list[tuple[str, float]]:
    """Kind of each and when it is due, in minutes after noon (UTC)."""
    return [(each.kind, (each.at - NOON).total_seconds() / 60) for each in notifications]


def begins(notifications: list[Notification]) -> list[int]:
    """In which minute after noon the event of each began."""
    return [(datetime.fromisoformat(each.data["onset_utc"]) - NOON) // M for each in notifications]


M, H, D = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, [0, 1, 2, 3]),
        ({"labels": ["dog"]}, [0, 3]),
        ({"labels": ["cat", "rain"], "sources": "yard"}, [2]),
        ({"confidence": 0.85}, [0, 1, 2]),
        ({"length": 2}, []),
        ({"hours": "14:01-14:02"}, [1]),  # two hours ahead of UTC in May
        ({"hours": "22:00-14:01"}, [0]),
        ({"hours": "14:02-14:00"}, [2, 3]),
    ],
)
def test_a_rule_matches_by_what_it_names(settings: dict[str, object], expected: list[int]) -> None:
    """Labels, sources, confidence, length and local hours, past midnight too."""
    log = [event(0 * M), event(1 * M, "cat"), event(2 * M, "rain", "yard"), event(3 * M, "dog", "yard", 0.8)]
    assert expected == begins(sent(*log, **settings))


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("each", [0, 5, 6, 7, 600, 2820, 23040]),
        ("first of the day", [0, 600, 2820, 23040]),  # 22:00 UTC is the next day in Berlin
        ("first ever", [0]),
        ("absent 14d", [0, 23040]),
        ("more than 3 an hour", [7]),
    ],
)
def test_when_asks_for_what_came_before(when: str, expected: list[int]) -> None:
    """The first of the day is that of the local day; too many are told once, until there are fewer."""
    log = [event(minute * M) for minute in (0, 5, 6, 7, 600, 2820, 23040)]
    assert expected == begins(sent(*log, when=when))


def test_the_history_is_of_each_label() -> None:
    """A cat is no dog."""
    assert [0, 1] == begins(sent(event(0 * M), event(1 * M, "cat"), event(2 * M), when="first ever"))


def test_a_cooldown_keeps_a_label_quiet_and_says_how_often() -> None:
    """Until so long after the end of what was told; other labels are told."""
    out = sent(*[event(m * M) for m in (0, 1, 2, 10, 12)], event(13 * M, "cat"), cooldown="9m")
    assert [("event", 0), ("event", 2), ("event", 0)] == [(each.kind, each.data["before"]) for each in out]
    assert [0, 10, 13] == begins(out)
    assert "and 2 more since the last message" in out[1].text


def test_events_at_the_same_time_are_each_told() -> None:
    """Nothing is joined or kept quiet that nobody asked for."""
    assert [0, 0, 0] == begins(sent(event(0 * M), event(0 * M, "cat"), event(0 * M, source="yard")))


def test_one_sound_in_two_microphones_is_one_message() -> None:
    """Of both sources, with the higher confidence, once nothing can join it any more."""
    seconds = timedelta(seconds=1)
    log = [event(0 * M), event(2 * seconds, source="yard", confidence=0.95), event(4 * M, source="yard")]
    first, second = sent(*log, coalesce="5s")
    assert (["porch", "yard"], 2, 0.95) == tuple(first.data[key] for key in ("sources", "count", "confidence"))
    assert (["yard"], 1) == tuple(second.data[key] for key in ("sources", "count"))
    assert NOON + 8 * seconds == first.at
    assert "dog (porch, yard)" == first.title


def test_quiet_hours_end_with_a_digest() -> None:
    """Nothing comes within them; what came before and after comes by itself."""
    log = [event(0 * H), event(9 * H), event(10 * H), event(10 * H + M, "cat"), event(20 * H)]
    out = sent(*log, quiet="23:00-06:00")
    assert [("event", 0), ("digest", 16 * 60), ("event", 20 * 60)] == [
        (kind, round(minute)) for kind, minute in minutes_of(out)
    ]
    assert [("dog", 2), ("cat", 1)] == [(item["label"], item["count"]) for item in out[1].data["items"]]


def test_the_rest_of_a_busy_hour_comes_in_a_digest() -> None:
    """As soon as the hour has room again; the digest counts as a message too."""
    out = sent(*[event(m * M) for m in range(50)], most_per_hour=3)
    assert ["event", "event", "event", "digest"] == [each.kind for each in out]
    assert 60 == round(minutes_of(out)[3][1])
    assert 47 == out[3].data["items"][0]["count"]


@pytest.mark.parametrize(("digest", "expected"), [("20:00", [360, 1800]), ("sun 20:00", [3240])])
def test_a_digest_comes_at_its_time(digest: str, expected: list[float]) -> None:
    """Daily or weekly, in local time; none comes where there is nothing to say."""
    out = sent(event(0 * M), event(1 * M), event(7 * H), until=6 * D, digest=digest)
    assert expected == [minute for _, minute in minutes_of(out)]
    assert 3 == sum(item["count"] for each in out for item in each.data["items"])


def test_a_digest_keeps_its_hour_through_the_change_of_clocks() -> None:
    """Clocks in Berlin went back on 25 October 2026."""
    october = datetime(2026, 10, 24, 10, 0, tzinfo=UTC) - NOON
    out = sent(event(october), event(october + D), until=october + 5 * D, digest="20:00")
    assert [18, 19] == [each.at.hour for each in out]


def test_a_source_that_is_lost_is_told_once_it_is_certain() -> None:
    """And that it is back, for how long it was gone; a short break is not told."""
    log = [state(0 * M, "lost"), state(1 * M, "connected"), state(5 * M, "lost"), state(125 * M, "connected")]
    out = sent(*log, about=["sources"], lost_after="2m")
    assert [("lost", 7), ("returned", 125)] == minutes_of(out)
    assert ("porch is lost", "porch is back") == (out[0].title, out[1].title)
    assert "for 2.0 h" in out[1].text


def test_a_loss_that_the_cooldown_kept_quiet_has_no_return() -> None:
    """A source that comes and goes is told once within the cooldown."""
    log = [state(m * M, what) for m, what in ((0, "lost"), (5, "connected"), (6, "lost"), (15, "connected"))]
    assert [("lost", 1), ("returned", 5)] == minutes_of(sent(*log, about="sources", cooldown="1h"))


def test_gaps_are_told_by_their_length() -> None:
    """Only where the rule is about them."""
    short, long = (event(m * M) | {"type": "gap", "reason": "device"} for m in (0, 5))
    long["offset_utc"] = rfc3339(NOON + 9 * M)
    (one,) = sent(short, long, about=["gaps"], length="1m")
    assert ("gap", "device", 240.0) == (one.kind, one.data["reason"], one.data["duration"])
    assert [] == sent(short, long)


def test_the_same_log_makes_the_same_messages_with_other_keys_each() -> None:
    """However the time is told in between: that is what a restart relies on."""
    log = [event(m * M, "dog" if m % 3 else "cat") for m in range(120)]
    settings = {"cooldown": "5m", "coalesce": "90s", "most_per_hour": 4, "quiet": "15:00-15:30"}
    once, again = sent(*log, **settings), sent(*log, **settings)
    assert once == again
    assert len(once) == len({each.key for each in once}) > 5


def test_events_without_a_time_of_day_are_counted_and_left_out() -> None:
    """No rule could tell when they were."""
    engine = Engine([Rule.from_table({"name": "a", "to": "https://example.org"}, "porch.toml")])
    assert [] == engine.take({"type": "event", "source": "a.wav", "label": "dog", "onset": 1.0, "offset": 2.0})
    assert 1 == engine.timeless
