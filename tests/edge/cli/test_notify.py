import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from edge.cli.notify import notify
from edge.cli.stream import stream
from edge.log import rfc3339
from tests.conftest import DEMO, invoke, made_once
from tests.edge.live.servers import free_port
from tests.edge.outputs.notify.hooks import hook_server

MAY = datetime(2026, 5, 1, tzinfo=UTC)
RULES = """
[[notify]]
name = "dogs at night"
to = "https://example.org/hook"
labels = ["dog"]
hours = "22:00-06:00"
timezone = "UTC"
cooldown = "30m"

[[notify]]
name = "rooster"
to = "https://example.org/hook"
labels = ["rooster"]
when = "first of the day"
timezone = "UTC"

[[notify]]
name = "week"
to = "https://example.org/hook"
digest = "mon 08:00"
timezone = "UTC"
"""


@pytest.fixture(scope="session")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of May 2026: an event a minute, two dogs at three, a rooster at five; rotated in the middle."""

    def write(folder: Path) -> None:
        rng, files = random.Random(0), {}
        for minute in range(31 * 24 * 60):
            at = MAY + timedelta(minutes=minute)
            label = {180: "dog", 185: "dog", 300: "rooster", 301: "rooster"}.get(minute % 1440, "rain")
            end = at + timedelta(seconds=rng.uniform(1, 30))
            event = {"type": "event", "source": "porch", "id": minute, "label": label, "confidence": 0.9}
            event |= {"onset_utc": rfc3339(at), "offset_utc": rfc3339(end)}
            name = "events.20260516T000000.000000Z.jsonl" if minute < 15 * 1440 else "events.jsonl"
            files.setdefault(name, []).append(json.dumps(event) + "\n")
        for name, lines in files.items():
            (folder / name).write_text("".join(lines))
        (folder / "porch.toml").write_text(RULES)

    return made_once(tmp_path_factory, "month", write)


def made_of(folder: Path, *arguments: str) -> list[dict[str, Any]]:
    """What would have been sent for the log in a folder."""
    log = folder / "events.jsonl"
    done = invoke(notify, "--config", folder / "porch.toml", "--dry-run", log, *arguments)
    assert 0 == done.exit_code, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_month_leads_to_exactly_these_notifications(month: Path) -> None:
    """One of the two dogs of each night, the first rooster of each day, and five weeks: Mondays at eight."""
    made = made_of(month)
    days = [MAY + timedelta(days=day) for day in range(31)]
    dogs = [rfc3339(day + timedelta(hours=3)) for day in days]
    roosters = [rfc3339(day + timedelta(hours=5)) for day in days]
    assert dogs == [each["onset_utc"] for each in made if each["rule"] == "dogs at night"]
    assert roosters == [each["onset_utc"] for each in made if each["rule"] == "rooster"]
    weeks = [each for each in made if each["rule"] == "week"]
    assert [f"2026-{day}T08:00:00.000Z" for day in ("05-04", "05-11", "05-18", "05-25", "06-01")] == [
        each["at_utc"] for each in weeks
    ]
    assert 31 * 24 * 60 == sum(item["count"] for each in weeks for item in each["items"])
    assert len(made) == len({each["key"] for each in made}) == 31 + 31 + 5


def test_people_read_a_table_in_their_local_time(month: Path) -> None:
    """A line a message, with the hour of the rule's zone."""
    arguments = ["--config", month / "porch.toml", "--dry-run", month / "events.jsonl", "--format", "text"]
    first = invoke(notify, *arguments).stdout.splitlines()[0]
    assert first.startswith("2026-05-01 03:00:")
    assert first.endswith("dogs at night: dog (porch)")


@pytest.mark.parametrize(
    ("settings", "log", "message"),
    [
        ("hop = 0.5", "{}", "porch.toml: has no tables [[notify]]"),
        ("[[notify]]\nname = 'a'", "{}", "porch.toml: [[notify]] 1: to is missing"),
        (RULES, "onset,offset\n", "events.jsonl: is no log of sed-stream; expected JSON Lines"),
        (RULES, None, "events.jsonl: No such file or directory"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path: Path, settings: str, log: str | None, message: str) -> None:
    """Of the settings or of the log."""
    (tmp_path / "porch.toml").write_text(settings)
    if log is not None:
        (tmp_path / "events.jsonl").write_text(log)
    done = invoke(notify, "--config", tmp_path / "porch.toml", "--dry-run", tmp_path / "events.jsonl")
    assert (True, 1, "") == (done.exit_code in (1, 2), len(done.stderr.splitlines()), done.stdout)
    assert message in done.stderr


def test_a_trial_says_of_each_target_what_became_of_it(tmp_path: Path) -> None:
    """One works, one is down; neither is shown with what may be its secret."""
    down = f"http://127.0.0.1:{free_port()}/secret"
    with hook_server() as hook:
        rule = f'[[notify]]\nname = "a"\nto = ["{hook.url}", "{down}"]\n'
        (tmp_path / "porch.toml").write_text(rule)
        done = invoke(notify, "--config", tmp_path / "porch.toml", "--test")
    assert (1, ["test"]) == (done.exit_code, [body["kind"] for body in hook.delivered])
    first, second = done.stdout.splitlines()
    assert first.endswith("/***: delivered")
    assert "refused" in second
    assert "secret" not in done.output


def test_a_stream_sends_by_the_rules_in_its_settings(tmp_path: Path) -> None:
    """The events of the demo recording, as if it were heard now; labels, and a cooldown that a second run respects."""
    started = datetime.now(UTC) + timedelta(minutes=5)
    with hook_server() as hook:
        rule = f'[[notify]]\nname = "a"\nto = "{hook.url}"\nlabels = ["dog", "rooster"]\ncooldown = "1h"\n'
        (tmp_path / "porch.toml").write_text(rule)
        arguments = [DEMO, "--config", tmp_path / "porch.toml", "--out", tmp_path / "events.jsonl"]
        for number in range(2):
            at = rfc3339(started + timedelta(minutes=2 * number))
            done = invoke(stream, *arguments, "--state", tmp_path, "--started-at", at)
            assert 0 == done.exit_code, done.stderr
    assert ["dog", "rooster"] == [body["label"] for body in hook.delivered]
    assert rfc3339(started + timedelta(seconds=2)) == hook.delivered[0]["onset_utc"]


def test_targets_are_not_shown_with_their_secrets(tmp_path: Path) -> None:
    """Everything else of a rule is, as it stands."""
    (tmp_path / "porch.toml").write_text(RULES)
    done = invoke(stream, "--config", tmp_path / "porch.toml", "--show-config")
    assert 3 == done.stdout.count('to = ["https://example.org/***"]') == done.stdout.count("[[notify]]")
    assert 'cooldown = "30m"' in done.stdout
