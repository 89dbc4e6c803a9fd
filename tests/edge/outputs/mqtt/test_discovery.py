import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from edge.outputs.mqtt.discovery import (
    Components,
    Place,
    event_type,
    node_payload,
    removing,
    source_components,
    source_payloads,
)

SCHEMA = json.loads(Path(__file__).with_name("home_assistant.schema.json").read_text())
YARD = Place("sed-edge/pi", "pi", "yard", "Yard")
MANY = [f"Sound of the kind number {number}, of many (long)" for number in range(500)]


def payloads(labels: list[str]) -> dict[str, dict[str, Any]]:
    """All that is announced of a source and its machine."""
    components = source_components(YARD, labels, 60.0)
    made = source_payloads("homeassistant", YARD, components, "model", "1.0")
    return made | node_payload("homeassistant", YARD.root, YARD.node, "1.0")


def check(payload: dict[str, Any]) -> None:
    """Hold it to what the documentation says, and to 20 kB."""
    jsonschema.validate(payload, SCHEMA)
    assert len(json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()) < 20_000


@pytest.mark.parametrize("labels", [["dog"], ["Dog bark", "dog_bark", "犬"], MANY, ["long" * 200] * 1 + MANY])
def test_payloads_are_what_home_assistant_documents(labels: list[str]) -> None:
    """Each below 20 kB, however many labels there are; all entities are there once, in one device."""
    made = payloads(labels)
    for payload in made.values():
        check(payload)
    of_source = [payload for topic, payload in made.items() if "yard" in topic]
    entities = [each["uniq_id"] for payload in of_source for each in payload["cmps"].values()]
    assert len(labels) + 8 == len(entities) == len(set(entities))
    assert {"sed_edge_pi_yard"} == {payload["dev"]["ids"][0] for payload in of_source}
    assert [f"homeassistant/device/sed_edge_pi_yard{n}/config" for n in ("", "_2")][: len(of_source)] == [
        topic for topic in made if "yard" in topic
    ][:2]


def test_a_label_has_a_binary_sensor_and_is_a_type_of_the_event() -> None:
    """Under the name that it has in the model."""
    (payload, _) = payloads(["dog", "rooster"]).values()
    assert ["dog", "rooster"] == payload["cmps"]["event"]["evt_typ"]
    dog = payload["cmps"]["label_dog"]
    assert ("dog", "sed-edge/pi/yard/label/dog/state", "binary_sensor.yard_dog") == (
        dog["name"],
        dog["stat_t"],
        dog["def_ent_id"],
    )
    assert [{"t": "sed-edge/pi/availability"}, {"t": "sed-edge/pi/yard/availability"}] == payload["avty"]


def test_labels_that_are_too_many_to_list_are_sounds() -> None:
    """The label is in the message all the same."""
    assert ("dog", "sound") == (event_type("dog", ["dog"]), event_type(MANY[0], MANY))
    assert ["sound"] == source_components(YARD, MANY, 60.0)["event"]["evt_typ"]


def test_what_is_removed_keeps_its_platform_alone() -> None:
    """As the documentation asks for it."""
    (payload, _) = payloads(["dog"]).values()
    removed = removing(payload, {"label_cat": "binary_sensor"})
    check(removed)
    assert {"p": "binary_sensor"} == removed["cmps"]["label_cat"]
    assert payload["cmps"]["label_dog"] == removed["cmps"]["label_dog"]


def test_the_schema_refuses_what_is_not_documented() -> None:
    """So that it is worth something."""
    (payload, _) = payloads(["dog"]).values()
    components: Components = payload["cmps"]
    for key, value in (("stat_topic", "a"), ("stat_t", "a/+"), ("evt_typ", []), ("uniq_id", "a b")):
        wrong = {**payload, "cmps": {**components, "event": {**components["event"], key: value}}}
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, SCHEMA)
