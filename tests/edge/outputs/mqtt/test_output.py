import json
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from edge.cli.stream import stream
from edge.log import Record, rfc3339
from edge.model.inference import Model
from edge.model.library import shipped_model
from edge.outputs.mqtt import open_mqtt, output
from edge.outputs.mqtt.connection import MOST_IN_FLIGHT
from edge.outputs.mqtt.output import MqttOutput
from edge.outputs.output import OutputContext
from edge.outputs.threads import Outputs
from edge.sources import Block
from tests.conftest import DEMO, invoke
from tests.edge.live.servers import certificate, free_port, wait_until
from tests.edge.outputs.mqtt.broker import Broker, Subscriber, states
from tests.edge.outputs.mqtt.test_discovery import SCHEMA

pytestmark = pytest.mark.realtime

LABELS = ["dog", "rooster"]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A broker without passwords."""
    with Broker(tmp_path / "broker") as running:
        yield running


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts to connect follow each other quickly, and so does what waits for Home Assistant."""
    monkeypatch.setattr(output, "_FIRST_WAIT_SECONDS", 0.2)
    monkeypatch.setattr(output, "_LONGEST_WAIT_SECONDS", 0.5)
    monkeypatch.setattr(output, "_BIRTH_SECONDS", 0.5)
    monkeypatch.setattr(output, "_SUBSCRIBE_SECONDS", 0.2)


class Run:
    """A run of sed-stream as its outputs see it."""

    def __init__(self, mqtt: MqttOutput) -> None:
        self.mqtt = mqtt
        self.said: list[tuple[str, Record]] = []
        self._outputs = Outputs([mqtt])
        self._outputs.start(lambda source, record: self.said.append((source, record)))

    def hear(self, source: str = "yard") -> None:
        """A tenth of a second of a tone, now."""
        samples = np.full((1600, 1), 0.1, np.float32)
        block = Block(samples, 16_000, time.monotonic() - 0.1)
        self._outputs.hear(source, block, Fraction(0), wait=False)

    def write(self, *records: Record) -> None:
        """Records of the log."""
        for record in records:
            self._outputs.write(record)

    def close(self) -> None:
        """End the run."""
        self._outputs.close()


CARD = Model(shipped_model(), "cpu").card


def context_of(sources: Iterable[str], labels: list[str], log: Path | None = None) -> OutputContext:
    """What a run of the shipped model lets its outputs know."""
    return OutputContext(card=CARD, decoding=CARD.decoding, labels=labels, sources=list(sources), log=log)


@contextmanager
def running(
    url: str,
    folder: Path,
    *,
    sources: Iterable[str] = ("yard",),
    labels: list[str] = LABELS,
    log: Path | None = None,
    **options: str,
) -> Iterator[Run]:
    """A run that hears its sources."""
    chosen = {"node": "pi", "settle": "0", **{key.replace("_", "-"): value for key, value in options.items()}}
    made = open_mqtt(url, chosen, context_of(sources, labels, log), folder)
    run = Run(made)
    for source in sources:
        run.hear(source)
    try:
        yield run
    finally:
        run.close()


def event(number: int, label: str = "dog", source: str = "yard", ago: float = 0.0) -> Record:
    """An event of a second and a half that has just ended, or so many seconds ago."""
    end = datetime.now(UTC) - timedelta(seconds=ago, milliseconds=-number)
    return {
        "type": "event",
        "source": source,
        "id": number,
        "label": label,
        "onset": float(number),
        "offset": number + 1.5,
        "onset_utc": rfc3339(end - timedelta(seconds=1.5)),
        "offset_utc": rfc3339(end),
        "confidence": 0.9,
        "closed_by": "silence",
    }


def onset(number: int, label: str = "dog", source: str = "yard") -> Record:
    """The onset of an event."""
    times = {"onset": float(number), "onset_utc": rfc3339(datetime.now(UTC))}
    return {"type": "onset", "source": source, "id": number, "label": label, **times}


def numbers(subscriber: Subscriber) -> list[int]:
    """Of the events that came, in order."""
    return [message.data["seq"] for message in subscriber.of("/event")]


def test_an_event_is_a_message_and_turns_its_label_on_and_off(broker: Broker, tmp_path: Path) -> None:
    """With onset and offset; only states are retained."""
    with Subscriber(broker) as home, running(broker.url, tmp_path) as run:
        wait_until(lambda: home.of("label/dog/state"), "the connection")
        run.write(onset(1), event(1))
        wait_until(lambda: home.of("/event"), "the event")
        wait_until(lambda: len(home.of("label/dog/state")) == 3, "the states")
    (message,) = home.of("sed-edge/pi/yard/event")
    data = message.data
    assert ("dog", "dog", 1, 1.5, 0.9, CARD.model_id, False) == tuple(
        data[key] for key in ("event_type", "label", "seq", "duration", "confidence", "model", "late")
    )
    assert ["OFF", "ON", "OFF"] == [state.text for state in home.of("sed-edge/pi/yard/label/dog/state")]
    kept = states(broker)
    assert "sed-edge/pi/yard/event" not in kept
    assert "OFF" == kept["sed-edge/pi/yard/label/dog/state"]
    assert ("dog", 1) == tuple(home.of("/last")[0].data[key] for key in ("label", "seq"))
    attributes = home.of("label/dog/attr")[0].data
    assert (1, data["onset_utc"]) == (attributes["count_today"], attributes["first_today"])


def test_a_source_is_available_while_it_is_heard(broker: Broker, tmp_path: Path) -> None:
    """Not before, and not while it is lost; the machine is until it says goodbye."""
    with Subscriber(broker) as home:
        with running(broker.url, tmp_path) as run:
            wait_until(lambda: home.of("yard/availability"), "the source")
            run.write(onset(1), {"type": "source", "source": "yard", "state": "lost", "detail": "gone"})
            wait_until(lambda: home.of("yard/availability")[-1].text == "offline", "the loss")
            run.hear()
            wait_until(lambda: home.of("yard/availability")[-1].text == "online", "the return")
        wait_until(lambda: home.of("pi/availability")[-1].text == "offline", "the end")
    assert "OFF" == home.of("label/dog/state")[-1].text
    assert ["online", "offline"] == [state.text for state in home.of("pi/availability")]


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


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Paho leaves a refused socket open
def test_tls_and_a_password_are_what_the_settings_say(tmp_path: Path) -> None:
    """Without the certificate or with another password nothing is published, and the reason is there."""
    files = certificate(tmp_path)
    (tmp_path / "password").write_text("secret\n")
    with Broker(tmp_path / "broker", "secret", files) as broker:
        url = f"mqtts://porch@localhost:{broker.port}"
        with running(url, tmp_path / "a", ca=str(files[0]), password_file=str(tmp_path / "password")) as run:
            wait_until(lambda: run.mqtt._is_connected, "the connection")
        for options, reason in (
            ({"ca": str(files[0])}, "refused: Not authorized"),
            ({"password_file": str(tmp_path / "password")}, "certificate verify failed"),
        ):
            with running(url, tmp_path / "b", **options) as run:
                wait_until(lambda: run.mqtt.failure, "an attempt")
                assert reason in str(run.mqtt.failure)


def test_version_five_of_the_protocol_will_do_as_well(broker: Broker, tmp_path: Path) -> None:
    """The same messages."""
    with Subscriber(broker) as home, running(broker.url, tmp_path, version="5") as run:
        run.write(event(1))
        wait_until(lambda: numbers(home) == [1], "the event")


def test_home_assistant_s_birth_has_everything_sent_again(broker: Broker, tmp_path: Path) -> None:
    """Configurations first, then states; events wait for it."""
    with Subscriber(broker) as home, running(broker.url, tmp_path) as run:
        wait_until(lambda: home.of("label/rooster/state"), "the first time")
        time.sleep(0.3)
        del home.received[:]
        home.publish("homeassistant/status", "online")
        time.sleep(0.3)  # it is heard of
        run.write(event(1))
        wait_until(lambda: home.of("/event"), "the event")
    topics = [message.topic for message in home.received]
    config, state, sound = (
        next(index for index, topic in enumerate(topics) if topic.endswith(end))
        for end in ("yard/config", "label/rooster/state", "/event")
    )
    assert config < state < sound


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


def test_two_sources_do_not_touch_each_other(broker: Broker, tmp_path: Path) -> None:
    """An event in one leaves states and attributes of the other alone."""
    with Subscriber(broker) as home, running(broker.url, tmp_path, sources=["yard", "rtsp://porch/1"]) as run:
        wait_until(lambda: len(home.of("label/rooster/state")) == 2, "both")
        del home.received[:]
        run.write(onset(1), event(1))
        wait_until(lambda: numbers(home) == [1], "the event")
        time.sleep(0.3)
    topics = {message.topic for message in home.received}
    assert [] == [
        topic for topic in topics if "porch" in topic and "availability" not in topic and "stats" not in topic
    ]


def test_gaps_and_losses_are_events(broker: Broker, tmp_path: Path) -> None:
    """Not retained; their types are those that were announced."""
    gap = {"type": "gap", "source": "yard", "onset": 1.0, "offset": 2.0, "reason": "device"}
    lost = {"type": "output", "source": "yard", "output": "clips", "lost": "clips", "count": 2, "reason": "disk full"}
    with Subscriber(broker) as home, running(broker.url, tmp_path) as run:
        run.write(gap, lost)
        wait_until(lambda: home.of("/gap") and home.of("/lost"), "both")
    assert ("device", 2.0) == tuple(home.of("/gap")[0].data[key] for key in ("event_type", "offset"))
    assert ("lost", "disk full") == tuple(home.of("/lost")[0].data[key] for key in ("event_type", "reason"))


def test_coverage_lag_and_level_are_published(broker: Broker, tmp_path: Path) -> None:
    """Once a source was heard for long enough to say."""
    with Subscriber(broker) as home, running(broker.url, tmp_path, stats="0.1s") as run:
        listening = run.mqtt._sources["yard"]._listening
        wait_until(lambda: listening.heard_at is not None, "the first sound")
        listening._began_at -= 20
        wait_until(lambda: run.hear() or home.of("/stats"), "figures")
    figures: dict[str, Any] = home.of("/stats")[0].data
    assert (-20.0, 0) == (figures["level_dbfs"], figures["connections_lost"])
    assert 0 < figures["coverage_1h"] < 1


def test_what_a_file_holds_are_events_without_states(broker: Broker, tmp_path: Path) -> None:
    """Home Assistant would keep a device for each file."""
    made = open_mqtt(broker.url, {"node": "pi"}, context_of(["a.wav"], LABELS), tmp_path)
    with Subscriber(broker) as home:
        run = Run(made)
        made_of_file = Block(np.zeros((1600, 1), np.float32), 16_000)
        run._outputs.hear("a.wav", made_of_file, Fraction(0), wait=False)
        run.write(event(1, source="a.wav"))
        run.close()
        wait_until(lambda: numbers(home) == [1], "the event")
    assert [] == [message for message in home.received if "a_wav" in message.topic and message.topic[-6:] != "/event"]


def test_the_counts_of_the_day_are_those_of_the_log(broker: Broker, tmp_path: Path) -> None:
    """A restart does not begin them anew."""
    log = tmp_path / "events.jsonl"
    log.write_text("".join(json.dumps(event(number)) + "\n" for number in range(3)))
    with Subscriber(broker) as home, running(broker.url, tmp_path, log=log) as run:
        run.write(event(4))
        wait_until(lambda: home.of("label/dog/attr"), "the attributes")
    assert 4 == home.of("label/dog/attr")[0].data["count_today"]


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


def test_five_hundred_labels_are_announced_and_have_their_states(broker: Broker, tmp_path: Path) -> None:
    """In several payloads about one device."""
    labels = [f"Sound {number}" for number in range(500)]
    with Subscriber(broker) as home, running(broker.url, tmp_path, labels=labels):
        wait_until(lambda: len(home.of("/state")) == 500, "the states")
    configurations = [message.data for message in home.of("/config")]
    for configuration in configurations:
        jsonschema.validate(configuration, SCHEMA)
    devices = {configuration["dev"]["ids"][0] for configuration in configurations}
    assert {"sed_edge_pi", "sed_edge_pi_yard"} == devices
    assert 500 == sum(key.startswith("label_") for each in configurations for key in each["cmps"])


def test_a_stream_publishes_what_it_hears_while_it_sounds(broker: Broker, tmp_path: Path) -> None:
    """The state of a label is on before its event is over; the log itself has no onsets that nobody asked for."""
    with Subscriber(broker) as home:
        option = ["--mqtt-option", "node=pi", "--state", tmp_path]
        done = invoke(stream, "--name", f"yard={DEMO}", "--realtime", "--duration", 11, "--mqtt", broker.url, *option)
        wait_until(lambda: home.of("pi/availability")[-1].text == "offline", "the end")
    assert 0 == done.exit_code, done.stderr
    log = [json.loads(line) for line in done.stdout.splitlines()]
    events = [record for record in log if record["type"] == "event"]
    assert ["dog", "dog", "rooster"] == [record["label"] for record in events]
    assert "onset" not in {record["type"] for record in log}
    assert [record["onset_utc"] for record in events] == [message.data["onset_utc"] for message in home.of("/event")]
    assert ["OFF", "ON", "OFF", "ON", "OFF"] == [state.text for state in home.of("label/dog/state")]
    assert ["online", "offline"] == [state.text for state in home.of("yard/availability")]
