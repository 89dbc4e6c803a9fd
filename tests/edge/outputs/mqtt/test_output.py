import json
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from edge.cli.stream import stream
from edge.outputs.mqtt import open_mqtt
from edge.sources import Block
from tests.conftest import DEMO, invoke
from tests.edge.live.servers import wait_until
from tests.edge.live.web import certificate
from tests.edge.outputs.mqtt.broker import Broker, Subscriber, states
from tests.edge.outputs.mqtt.running import CARD, LABELS, Run, context_of, event, numbers, onset, running
from tests.edge.outputs.mqtt.test_discovery import SCHEMA

pytestmark = pytest.mark.realtime


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
