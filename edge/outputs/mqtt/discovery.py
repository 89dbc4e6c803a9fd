"""What Home Assistant is told, so that it makes devices and entities by itself: MQTT discovery by device.

A source is a device with an `event` entity, the last sound, gaps and losses as events, coverage, lag, level and
connection as diagnostics, and a binary sensor a label. The machine is a device of its own, which the sources are
reached through. A payload stays below 20 kB, because some tools break at more: what does not fit comes in further
payloads about the same device. Names are abbreviated as the documentation of Home Assistant allows.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from edge.outputs.mqtt.names import slugs

MOST_BYTES = 19_000
_MOST_TYPES_BYTES = 12_000
_GAPS = ("decode", "absent", "device", "reconnect", "overrun", "scores")

Components = dict[str, dict[str, Any]]


class Place(NamedTuple):
    """A source in topics and ids.

    Attributes:
        root: topic of the machine.
        node: name of the machine.
        slug: of the source.
        name: of the source, for people.
    """

    root: str
    node: str
    slug: str
    name: str

    @property
    def topic(self) -> str:
        """Above all topics of the source."""
        return f"{self.root}/{self.slug}"

    @property
    def device(self) -> str:
        """Id of the source's device."""
        return f"sed_edge_{self.node}_{self.slug}"


def event_type(label: str, labels: Sequence[str]) -> str:
    """The type of an event of this label: the label, or `sound` where there are too many labels to list."""
    return label if _types(labels) != ["sound"] else "sound"


def _types(labels: Sequence[str]) -> list[str]:
    fits = len(json.dumps(list(labels)).encode()) <= _MOST_TYPES_BYTES
    return list(labels) if fits else ["sound"]


def source_components(place: Place, labels: Sequence[str], stats_seconds: float) -> Components:
    """The entities of a source, by the ids of their components.

    Args:
        place: of the source.
        labels: that are reported.
        stats_seconds: time between two messages of figures.
    """
    topic, short = place.topic, slugs(labels)
    components: Components = {
        "event": {"p": "event", "name": None, "stat_t": f"{topic}/event", "evt_typ": _types(labels)},
        "last": {
            "p": "sensor",
            "name": "Last sound",
            "stat_t": f"{topic}/last",
            "val_tpl": "{{ value_json.label }}",
            "json_attr_t": f"{topic}/last",
        },
        "gap": {
            "p": "event",
            "name": "Gap",
            "stat_t": f"{topic}/gap",
            "evt_typ": list(_GAPS),
            "ent_cat": "diagnostic",
        },
        "lost": {
            "p": "event",
            "name": "Lost messages",
            "stat_t": f"{topic}/lost",
            "evt_typ": ["lost"],
            "ent_cat": "diagnostic",
        },
        "conn": _connection(f"{topic}/availability", place.root),
        **_figures(topic, stats_seconds),
    }
    for label in labels:
        components[f"label_{short[label]}"] = {
            "p": "binary_sensor",
            "name": label,
            "dev_cla": "sound",
            "stat_t": f"{topic}/label/{short[label]}/state",
            "json_attr_t": f"{topic}/label/{short[label]}/attr",
            "def_ent_id": f"binary_sensor.{place.slug}_{short[label]}",
        }
    return {key: {**each, "uniq_id": f"{place.device}_{key}"} for key, each in components.items()}


def source_payloads(
    prefix: str, place: Place, components: Components, model: str, version: str
) -> dict[str, dict[str, Any]]:
    """Topic -> payload of the device of a source."""
    head = {
        "dev": {
            "ids": [place.device],
            "name": place.name,
            "mf": "sed-edge",
            "mdl": model,
            "sw": version,
            "via_device": f"sed_edge_{place.node}",
        },
        "o": {"name": "sed-edge", "sw": version},
        "avty": [{"t": f"{place.root}/availability"}, {"t": f"{place.topic}/availability"}],
        "avty_mode": "all",
        "qos": 1,
    }
    pages: list[Components] = [{}]
    room = MOST_BYTES - len(_encoded({**head, "cmps": {}}))
    left = room
    for key, component in components.items():
        size = len(_encoded({key: component}))
        if size > left:
            pages.append({})
            left = room
        pages[-1][key] = component
        left -= size
    return {
        f"{prefix}/device/{place.device}{f'_{number}' if number > 1 else ''}/config": {**head, "cmps": page}
        for number, page in enumerate(pages, start=1)
    }


def node_payload(prefix: str, root: str, node: str, version: str) -> dict[str, dict[str, Any]]:
    """Topic -> payload of the device of the machine."""
    device = f"sed_edge_{node}"
    connection = {**_connection(f"{root}/availability", root), "uniq_id": f"{device}_conn"}
    payload = {
        "dev": {"ids": [device], "name": f"sed-edge {node}", "mf": "sed-edge", "sw": version},
        "o": {"name": "sed-edge", "sw": version},
        "qos": 1,
        "cmps": {"conn": {key: value for key, value in connection.items() if not key.startswith("avty")}},
    }
    return {f"{prefix}/device/{device}/config": payload}


def removing(payload: Mapping[str, Any], removed: Mapping[str, str]) -> dict[str, Any]:
    """The payload that has Home Assistant remove components: of each only its platform is left.

    Args:
        payload: of the device.
        removed: component -> platform.
    """
    return {**payload, "cmps": {**payload["cmps"], **{key: {"p": platform} for key, platform in removed.items()}}}


def _connection(topic: str, root: str) -> dict[str, Any]:
    """Whether something is there; known as long as the machine is."""
    return {
        "p": "binary_sensor",
        "name": "Connection",
        "dev_cla": "connectivity",
        "ent_cat": "diagnostic",
        "stat_t": topic,
        "pl_on": "online",
        "pl_off": "offline",
        "avty": [{"t": f"{root}/availability"}],
    }


def _figures(topic: str, stats_seconds: float) -> Components:
    """Coverage, lag and level."""
    common = {
        "p": "sensor",
        "stat_t": f"{topic}/stats",
        "stat_cla": "measurement",
        "ent_cat": "diagnostic",
        "exp_aft": round(2.5 * stats_seconds) + 1,
    }
    return {
        "coverage": {
            "name": "Coverage",
            "unit_of_meas": "%",
            "val_tpl": "{{ (value_json.coverage_1h * 100) | round(1) }}",
            **common,
        },
        "lag": {
            "name": "Lag",
            "unit_of_meas": "s",
            "dev_cla": "duration",
            "val_tpl": "{{ value_json.lag_s }}",
            **common,
        },
        "level": {"name": "Level", "unit_of_meas": "dBFS", "val_tpl": "{{ value_json.level_dbfs }}", **common},
    }


def _encoded(payload: Mapping[str, Any]) -> bytes:
    return json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()
