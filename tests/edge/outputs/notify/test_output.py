import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge.errors import SettingError
from edge.log import Record, read_log, rfc3339
from edge.outputs.notify import sender
from edge.outputs.notify.output import NotifyOutput
from edge.outputs.notify.rules import Rule
from edge.outputs.notify.targets import shown, targets_of
from tests.edge.live.servers import free_port, wait_until
from tests.edge.outputs.notify.hooks import Hook, hook_server


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow each other quickly."""
    monkeypatch.setattr(sender, "_FIRST_WAIT_SECONDS", 0.05)


def event(number: int, ago: timedelta = timedelta(0), label: str = "dog") -> Record:
    """An event of one second that ends in a moment, once its run has begun, or a while ago."""
    end = datetime.now(UTC) - ago + timedelta(milliseconds=1000 + number)
    times = {"onset_utc": rfc3339(end - timedelta(seconds=1)), "offset_utc": rfc3339(end)}
    return {"type": "event", "source": "porch", "id": number, "label": label, **times, "confidence": 0.9}


class Run:
    """One run of the output, with the log that it leaves."""

    def __init__(self, folder: Path, hook: str, **settings: object) -> None:
        self._log = folder / "events.jsonl"
        earlier = read_log(self._log) if self._log.exists() else ()
        rule = Rule.from_table({"name": "dogs", "to": hook, **settings}, "porch.toml")
        self.output = NotifyOutput([rule], folder, earlier)
        self.output.start()

    def hear(self, *records: Record, crash: bool = False) -> None:
        """Records are written to the log, and reach the output unless it crashes before."""
        for record in records:
            with self._log.open("a") as file:
                file.write(json.dumps(record) + "\n")
            if not crash:
                self.output.write(record)
        self.output.tick()


def ids(hook: Hook, records: Sequence[Record]) -> list[int]:
    """Which of these events were delivered, in order."""
    by_onset = {record["onset_utc"]: record["id"] for record in records}
    return [by_onset[body["onset_utc"]] for body in hook.delivered]


def test_a_server_that_is_down_gets_all_of_it_later_once_and_in_order(tmp_path: Path) -> None:
    """It is down, then fails, then works; the output says why it waits."""
    records, port = [event(n) for n in range(5)], free_port()
    run = Run(tmp_path, f"http://127.0.0.1:{port}/hook")
    run.hear(*records[:3])
    wait_until(lambda: run.output.tick() or run.output.failure, "an attempt")
    with hook_server(port) as hook:
        hook.status = 500
        wait_until(lambda: hook.received, "an attempt")
        run.hear(*records[3:])
        hook.status = 204
        wait_until(lambda: len(hook.delivered) == 5, "all of them")
        assert [0, 1, 2, 3, 4] == ids(hook, records)
        run.output.close()


def test_what_waits_survives_a_restart(tmp_path: Path) -> None:
    """The first run ends while the server is down, the second delivers, the third has nothing to repeat."""
    records, port = [event(n) for n in range(3)], free_port()
    first = Run(tmp_path, f"http://127.0.0.1:{port}/hook")
    first.hear(*records)
    first.output.close()
    with hook_server(port) as hook:
        for _ in range(2):
            run = Run(tmp_path, hook.url)
            wait_until(lambda: len(hook.delivered) == 3, "all of them")
            run.output.close()
        assert [0, 1, 2] == ids(hook, records)


def test_a_restart_within_a_cooldown_repeats_nothing(tmp_path: Path) -> None:
    """The second run knows from the log when the last message was, and how many events were kept quiet."""
    minutes = timedelta(minutes=1)
    records = [event(0, 40 * minutes), event(1, 20 * minutes), event(2, 10 * minutes), event(3), event(4)]
    with hook_server() as hook:
        first = Run(tmp_path, hook.url, cooldown="30m")
        first.output._since["dogs"] -= timedelta(hours=1)
        first.output._spool.note("rule dogs", first.output._since["dogs"].isoformat())
        first.hear(*records[:2])
        first.output.close()
        second = Run(tmp_path, hook.url, cooldown="30m")
        second.hear(*records[2:])
        second.output.close()
    assert [0, 3] == ids(hook, records)
    assert [0, 2] == [body["before"] for body in hook.delivered]


def test_what_a_crash_cost_is_made_again_from_the_log(tmp_path: Path) -> None:
    """An event that reached the log and not the output leads to its message after the restart."""
    records = [event(n) for n in range(3)]
    with hook_server() as hook:
        first = Run(tmp_path, hook.url)
        first.hear(*records[:2])
        wait_until(lambda: len(hook.delivered) == 2, "those before the crash")
        first.hear(records[2], crash=True)
        first.output.close()
        Run(tmp_path, hook.url).output.close()
        assert [0, 1, 2] == ids(hook, records)


def test_a_rule_that_is_new_tells_nothing_of_the_past(tmp_path: Path) -> None:
    """But it knows it: the first ever was long ago."""
    (tmp_path / "events.jsonl").write_text(json.dumps(event(0, timedelta(hours=2))) + "\n")
    records = [event(1), event(2, label="cat")]
    with hook_server() as hook:
        run = Run(tmp_path, hook.url, when="first ever")
        run.hear(*records)
        run.output.close()
    assert [2] == ids(hook, records)


def test_a_clock_that_ran_ahead_for_a_while_stops_nothing(tmp_path: Path) -> None:
    """Its cooldown would last for years, also after a restart."""
    records = [event(0, timedelta(days=-3650)), event(1), event(2)]
    with hook_server() as hook:
        for record in records[1:]:
            run = Run(tmp_path, hook.url, cooldown="1m")
            run.hear(records[0], record)
            run.output.close()
    assert [1] == ids(hook, records)


def test_a_message_that_is_refused_is_counted_and_does_not_block(tmp_path: Path) -> None:
    """The next one is delivered."""
    records = [event(0), event(1)]
    with hook_server() as hook:
        hook.status = 400
        run = Run(tmp_path, hook.url)
        run.hear(records[0])
        wait_until(lambda: run.output.lost, "the refusal")
        hook.status = 204
        run.hear(records[1])
        wait_until(lambda: ids(hook, records), "the next one")
        run.output.close()
        assert ({("porch", "notifications"): 1}, [1]) == (run.output.lost, ids(hook, records))


@pytest.mark.filterwarnings("ignore:'imghdr'")  # Apprise imports it
def test_apprise_reaches_what_is_no_webhook(tmp_path: Path) -> None:
    """A service of its own, here that of JSON; an unknown one is an error before anything is heard."""
    with hook_server() as hook:
        run = Run(tmp_path, hook.url.replace("http://", "json://"))
        run.hear(event(0))
        wait_until(lambda: hook.received, "the message")
        run.output.close()
    assert "dog (porch)" == hook.received[0].body["title"]
    with pytest.raises(SettingError, match=r"dogs: to: Apprise knows no service of the form nothing://\*\*\*"):
        targets_of([Rule.from_table({"name": "dogs", "to": "nothing://secret"}, "porch.toml")])


def test_targets_are_named_without_their_secrets() -> None:
    """Whatever follows the host may be one."""
    assert "https://hooks.example:8/***" == shown("https://me:pw@hooks.example:8/T1/secret?x=1")
    assert "tgram://***" == shown("tgram://123:secret/456")
