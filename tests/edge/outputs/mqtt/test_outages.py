import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from edge.outputs.mqtt import output
from edge.outputs.mqtt.connection import MOST_IN_FLIGHT
from tests.edge.live.servers import free_port, wait_until
from tests.edge.outputs.mqtt.broker import Broker, Subscriber, states
from tests.edge.outputs.mqtt.running import event, numbers, onset, running

pytestmark = pytest.mark.realtime


def outage(folder: Path, seconds: float, settle: str) -> list[int]:
    """The events that came although the broker was away for so long in the middle of them."""
    broker = Broker(folder / "broker", lasting=True)
    with broker, Subscriber(broker) as home, running(broker.url, folder, settle=settle) as run:
        for number in range(30):
            run.write(event(number))
            if number == 10:
                wait_until(lambda: len(numbers(home)) == 11, "the first")
                broker.kill()
            if number == 20:
                time.sleep(seconds)
                broker.start()
            time.sleep(0.02)
        wait_until(lambda: len(numbers(home)) >= 30, "all of them")
        time.sleep(0.5)
        return numbers(home)


def test_a_broker_that_is_killed_costs_no_event_and_doubles_none(tmp_path: Path) -> None:
    """They come in order once it is back and other clients are."""
    assert list(range(30)) == outage(tmp_path, 1.0, "2s")


@pytest.mark.slow
def test_half_a_minute_without_a_broker_costs_no_event(tmp_path: Path) -> None:
    """The same for longer, with all waits as they are in use."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(output, "_LONGEST_WAIT_SECONDS", 60.0)
        patch.setattr(output, "_FIRST_WAIT_SECONDS", 1.0)
        assert list(range(30)) == outage(tmp_path, 30.0, "15s")


def test_a_broker_that_is_not_there_at_the_start_is_waited_for(tmp_path: Path) -> None:
    """Without an error; the output says why it does not work."""
    broker = Broker(tmp_path / "broker")
    with running(broker.url, tmp_path) as run:
        run.write(event(1))
        wait_until(lambda: run.mqtt.failure, "an attempt")
        assert "Connection refused" == run.mqtt.failure
        with broker, Subscriber(broker) as home:
            wait_until(lambda: numbers(home) == [1], "the event")
            wait_until(lambda: run.mqtt.failure is None, "the output")


def test_what_waits_survives_a_restart_and_is_marked_late(tmp_path: Path) -> None:
    """Events that were not delivered come with the next run, before its own."""
    broker = Broker(tmp_path / "broker")
    with running(broker.url, tmp_path) as run:
        run.write(event(1), event(2))
    with closing(sqlite3.connect(tmp_path / "mqtt.sqlite")) as spool:
        spool.execute("UPDATE messages SET at = at - 60")  # a minute passes
        spool.commit()
    with broker, Subscriber(broker) as home, running(broker.url, tmp_path) as run:
        run.write(event(3))
        wait_until(lambda: numbers(home) == [1, 2, 3], "all events")
    assert [True, True, False] == [message.data["late"] for message in home.of("/event")]


def test_what_a_crash_kept_from_the_spool_comes_from_the_log(broker: Broker, tmp_path: Path) -> None:
    """Once, and nothing of what was before the first run."""
    log, records = tmp_path / "events.jsonl", [event(number, ago=3600) for number in range(2)]
    log.write_text("".join(json.dumps(record) + "\n" for record in records))
    with Subscriber(broker) as home:
        for number in (2, 3):
            with running(broker.url, tmp_path, log=log, keep="2h") as run:
                run.write(in_spool := event(number))
                wait_until(lambda: home.of("/event"), "the event")
            with log.open("a") as file:
                file.writelines(json.dumps(record) + "\n" for record in (in_spool, event(10 * number)))
        wait_until(lambda: len(numbers(home)) == 3, "the events")
        time.sleep(0.5)
    assert [2, 20, 3] == numbers(home)


def test_what_waited_too_long_is_dropped_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the log, as what an output has lost."""
    monkeypatch.setattr(output, "_EXPIRE_SECONDS", 0.1)
    with running(f"mqtt://127.0.0.1:{free_port()}", tmp_path, keep="1s") as run:
        run.write(event(1), event(2))
        wait_until(lambda: run.mqtt.lost, "the loss")
        assert {("yard", "events"): 2} == run.mqtt.lost


def test_retained_states_are_right_after_a_crash(broker: Broker, tmp_path: Path) -> None:
    """A label that was on, and whatever is there no longer: a label, a source."""
    with running(broker.url, tmp_path, sources=["yard", "barn"]) as run:
        run.write(onset(1))
        wait_until(lambda: states(broker).get("sed-edge/pi/yard/label/dog/state") == "ON", "the state")
    before = states(broker)
    assert "ON" == before["sed-edge/pi/yard/label/dog/state"]
    with Subscriber(broker) as home, running(broker.url, tmp_path, sources=["yard"], labels=["rooster"]):
        wait_until(lambda: home.of("label/rooster/state"), "the states")
        time.sleep(0.5)
    kept = states(broker)
    assert [] == [topic for topic in kept if "barn" in topic or "dog" in topic]
    config = [message.data["cmps"] for message in home.of("pi_yard/config") if message.text and not message.retained]
    assert [{"p": "binary_sensor"}, None] == [components.get("label_dog") for components in config[:2]]


def test_a_broker_that_hangs_delays_events_and_nothing_else(broker: Broker, tmp_path: Path) -> None:
    """They wait, and no more of them are on their way than it has room for."""
    with Subscriber(broker) as home, running(broker.url, tmp_path) as run:
        wait_until(lambda: home.of("label/rooster/state"), "the connection")
        broker.freeze()
        for number in range(700):
            run.write(event(number))
        wait_until(lambda: run.mqtt._spool.waiting("mqtt", 1, 699), "all in the spool")
        wait_until(lambda: len(run.mqtt._outbox._in_flight) == MOST_IN_FLIGHT, "as many on their way")
        broker.thaw()
        wait_until(lambda: len(numbers(home)) == 700, "all events")
    assert list(range(700)) == numbers(home)
