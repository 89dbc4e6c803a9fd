"""Announces sources to Home Assistant, and takes back what is there no longer: labels, sources, topics.

What was announced is remembered from run to run, because the broker retains it.
"""

import json
from collections.abc import Collection, Sequence
from importlib.metadata import version
from typing import Any

from edge.outputs.mqtt.discovery import Place, node_payload, removing, source_components, source_payloads
from edge.outputs.mqtt.outbox import Outbox
from edge.outputs.mqtt.settings import MqttSettings
from edge.outputs.mqtt.source import State
from edge.outputs.spool import Spool

_NOTE = "announced"


class Announcer:
    """Announces sources.

    Args:
        settings: of the broker.
        labels: that are reported.
        model: its id.
        outbox: that announcements go to.
        spool: that remembers them.
    """

    def __init__(self, settings: MqttSettings, labels: Sequence[str], model: str, outbox: Outbox, spool: Spool) -> None:
        self._settings, self._labels, self._model = settings, labels, model
        self._outbox, self._spool = outbox, spool
        self._version = version("sed-edge")
        # By topic of a source: its configurations, component -> platform of each, and its other retained topics.
        self._noted: dict[str, dict[str, Any]] = json.loads(spool.noted(_NOTE) or "{}")

    def begin(self, places: dict[str, Place]) -> list[str]:
        """Announce the machine, and take back the sources that are there no longer.

        Args:
            places: of the sources, by name.

        Returns:
            Names of the sources that an earlier run has announced.
        """
        root, discovery = self._settings.root, self._settings.discovery
        if discovery is not None:
            self._configure(node_payload(discovery, root, self._settings.node, self._version))
        topics = {place.topic: name for name, place in places.items()}
        for topic in set(self._noted) - set(topics):
            self._clear(self._noted.pop(topic), ())
        return [topics[topic] for topic in self._noted]

    def announce(self, place: Place, topics: Collection[str]) -> None:
        """Announce a source.

        Args:
            place: of the source.
            topics: of its states.
        """
        configurations: dict[str, dict[str, Any]] = {}
        if self._settings.discovery is not None:
            components = source_components(place, self._labels, self._settings.stats)
            prefix = self._settings.discovery
            configurations = source_payloads(prefix, place, components, self._model, self._version)
        own = [f"{place.topic}/{name}" for name in ("last", "stats")]
        own += [f"{topic.removesuffix('/state')}/attr" for topic in topics if topic.endswith("/state")]
        new = {
            "configurations": {
                topic: {key: each["p"] for key, each in payload["cmps"].items()}
                for topic, payload in configurations.items()
            },
            "topics": [*topics, *own],
        }
        old = self._noted.get(place.topic)
        if old is not None:
            self._remove_components(old["configurations"], configurations)
            self._clear(old, {*new["configurations"], *new["topics"]})
        self._noted[place.topic] = new
        if old != new:
            self._spool.note(_NOTE, json.dumps(self._noted))
        self._configure(configurations)

    def _configure(self, payloads: dict[str, dict[str, Any]]) -> None:
        for topic, payload in payloads.items():
            self._outbox.set(State(topic, _encoded(payload)))

    def _remove_components(self, old: dict[str, dict[str, str]], new: dict[str, dict[str, Any]]) -> None:
        """Components that are gone, or in another payload now, are removed before that is announced."""
        for topic, platforms in old.items():
            if topic not in new:
                continue
            kept = {key: each for key, each in new[topic]["cmps"].items() if key in platforms}
            gone = {key: platform for key, platform in platforms.items() if key not in kept}
            if gone:
                payload = removing({**new[topic], "cmps": kept}, gone)
                self._outbox.send_once(State(topic, _encoded(payload)))

    def _clear(self, noted: dict[str, Any], kept: Collection[str]) -> None:
        for topic in (*noted["configurations"], *noted["topics"]):
            if topic not in kept:
                self._outbox.send_once(State(topic, ""))


def _encoded(payload: dict[str, Any]) -> str:
    return json.dumps(payload, separators=(",", ":"), ensure_ascii=False)
