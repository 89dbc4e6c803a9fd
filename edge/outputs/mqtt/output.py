"""The output that publishes to an MQTT broker.

    records, sound ──> SourceStates ──> states: the newest of each topic, sent again at every connection
                                   └──> events ──> spool ──> sent in order until the broker acknowledges them

Nothing is sent while the broker is away; states are replaced by newer ones, events wait on disk. Once a broken
connection is back, events wait until other clients are, too: for Home Assistant's birth message, or for `settle`.
"""

import contextlib
import logging
import queue
import random
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge.log import Record, read_log, rfc3339
from edge.outputs.mqtt.announcing import Announcer
from edge.outputs.mqtt.connection import Connection, Happening
from edge.outputs.mqtt.discovery import Place
from edge.outputs.mqtt.names import slugs
from edge.outputs.mqtt.outbox import Outbox
from edge.outputs.mqtt.settings import MqttSettings, mqtt_settings
from edge.outputs.mqtt.source import Event, SourceStates, State
from edge.outputs.output import Output, OutputContext, Sound
from edge.outputs.spool import Spool, state_folder
from edge.sources import Block

_log = logging.getLogger(__name__)

_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 1.0, 60.0
_BIRTH_SECONDS = 5.0  # within which states follow Home Assistant's birth, at random: many devices do the same
_SUBSCRIBE_SECONDS = 2.0  # that Home Assistant has to subscribe to what was announced
_CLOSE_SECONDS = 4.0
_EXPIRE_SECONDS = 60.0


def open_mqtt(url: str, options: Mapping[str, str], context: OutputContext, folder: Path | None) -> "MqttOutput":
    """The output of `--mqtt`.

    Args:
        url: of the broker.
        options: of `[mqtt-option]`.
        context: of the run; what its log holds by now is read when the output starts, for the counts of the day.
        folder: of the spool; see `state_folder`.

    Raises:
        OSError, SettingError: if a setting or a file cannot be used.
    """
    settings = mqtt_settings(url, options)
    earlier: Iterable[Record] = ()
    if context.log is not None:
        with contextlib.suppress(FileNotFoundError):  # the first run
            earlier = read_log(context.log)
    return MqttOutput(settings, context, state_folder(folder), earlier)


class MqttOutput(Output):
    """Publishes to an MQTT broker; see `open_mqtt`. A broker that is not there is waited for."""

    name = "mqtt"
    hears = True
    takes_onsets = True

    def __init__(
        self,
        settings: MqttSettings,
        context: OutputContext,
        folder: Path,
        earlier: Iterable[Record],
    ) -> None:
        super().__init__()
        self._settings, self._earlier = settings, earlier
        self._tls_context = settings.tls_context()
        self._labels = frozenset(context.labels)
        sources, labels, model = context.sources, context.labels, context.card.model_id
        self._spool = Spool(folder / "mqtt.sqlite", settings.keep)
        self._outbox = Outbox(self._spool)
        self._announcer = Announcer(settings, labels, model, self._outbox, self._spool)
        run, now = secrets.token_hex(4), time.monotonic()
        self._client_id = f"sed-edge-{settings.node}-{run}"
        short = slugs(sources)
        self._places = {name: Place(settings.root, settings.node, short[name], name) for name in sources}
        in_topics = slugs(labels)
        self._sources = {name: SourceStates(place, in_topics, model, run, now) for name, place in self._places.items()}
        self._live: set[str] = set()  # sources whose states are published
        self._happenings: queue.SimpleQueue[Happening] = queue.SimpleQueue()
        self._connection: Connection | None = None
        self._was_connected = self._is_connected = False
        self._failures = 0
        self._connect_at = self._stats_at = self._expire_at = now
        self._announce_at: float | None = None

    def start(self) -> None:
        """See `Output.start`."""
        self._outbox.set(State(f"{self._settings.root}/availability", "online"))
        self._read_earlier()
        for name in self._announcer.begin(self._places):
            self._announce(name)

    def write(self, record: Record) -> None:
        """See `Output.write`."""
        source = self._sources.get(record["source"])
        if source is None:
            return
        self._publish(record["source"], source.note(record, time.monotonic()))
        if record["type"] == "onset" and self._settings.onsets:
            self._outbox.send_now(source.onset_event(record))
        self._outbox.send(time.monotonic())

    def hear(self, sound: Sound) -> None:
        """See `Output.hear`. A source whose sound has a time of day is live, and has states."""
        live = isinstance(sound.item, Block) and sound.item.heard_at is not None
        if live and sound.source not in self._live:
            self._announce(sound.source)
        self._publish(sound.source, self._sources[sound.source].hear(sound))

    def tick(self) -> None:
        """See `Output.tick`."""
        now = time.monotonic()
        self._handle_happenings(now)
        if self._connection is None and now >= self._connect_at:
            self._connect()
        if self._announce_at is not None and now >= self._announce_at:
            self._announce_at = None
            self._outbox.resend_states()
        for name in self._live:
            self._publish(name, self._sources[name].availability(now))
        if now >= self._stats_at:
            self._stats_at = now + self._settings.stats
            for name in self._live:
                self._publish(name, self._sources[name].stats(now))
        if now >= self._expire_at:
            self._expire_at = now + _EXPIRE_SECONDS
            for source, count in self._spool.expire():
                self.lose(source, "events", count, "the broker was away for too long")
        self._outbox.send(now)

    def close(self) -> None:
        """See `Output.close`. A clean goodbye leaves the will unsaid, so `offline` is said before it."""
        self._outbox.hold_until = 0.0
        self._outbox.set(State(f"{self._settings.root}/availability", "offline"))
        end = time.monotonic() + _CLOSE_SECONDS
        while self._connection is not None and time.monotonic() < end:
            self._outbox.send(time.monotonic())
            if self._is_connected and self._outbox.is_empty:
                break
            time.sleep(0.01)
            self._handle_happenings(time.monotonic())
        if self._connection is not None:
            self._connection.close(max(0.5, end - time.monotonic()))
        self._spool.close()

    def _read_earlier(self) -> None:
        """Count the events of the day, and make up for those that a crash kept from the spool."""
        now = datetime.now(UTC)
        since = self._spool.noted("since") or rfc3339(now)
        self._spool.note("since", since)
        oldest = max(since, rfc3339(now - timedelta(seconds=self._settings.keep)))
        for record in self._earlier:
            source = self._sources.get(record["source"])
            if source is None or record["type"] != "event" or record["label"] not in self._labels:
                continue
            source.count(record)
            ended = record.get("offset_utc", "")
            if ended >= oldest:
                at = datetime.fromisoformat(ended).timestamp()
                self._outbox.add(source.event(record), record["source"], at)

    def _connect(self) -> None:
        self._connection = Connection(
            self._settings,
            self._tls_context,
            self._client_id,
            f"{self._settings.root}/availability",
            [] if self._settings.discovery is None else [f"{self._settings.discovery}/status"],
            self._happenings,
        )

    def _handle_happenings(self, now: float) -> None:
        while not self._happenings.empty():
            happening = self._happenings.get()
            if happening.connection is not self._connection:
                continue
            match happening.what:
                case "acknowledged":
                    self._outbox.acknowledge(happening.number)
                case "connected":
                    self._begin_sending(happening.connection, now)
                case "received" if happening.text == "online":  # Home Assistant's birth
                    self._announce_at = now + random.uniform(0.0, _BIRTH_SECONDS)
                    self._outbox.hold_until = self._announce_at + _SUBSCRIBE_SECONDS
                case "ended":
                    self._end_sending(happening.text, now)

    def _begin_sending(self, connection: Connection, now: float) -> None:
        if self.failure is not None:
            _log.warning("mqtt: connected to %s", self._settings.host)
        self.failure, self._failures, self._is_connected = None, 0, True
        hold = 0.0 if self._settings.discovery is None else _SUBSCRIBE_SECONDS
        self._outbox.hold_until = now + (self._settings.settle if self._was_connected else hold)
        self._was_connected = True
        self._outbox.connect(connection)

    def _end_sending(self, why: str, now: float) -> None:
        if self.failure is None:
            _log.warning("mqtt: %s: %s; events wait until it is back", self._settings.host, why)
        self._outbox.disconnect()
        self.failure, self._connection, self._is_connected = why, None, False
        wait = min(_LONGEST_WAIT_SECONDS, _FIRST_WAIT_SECONDS * 2.0**self._failures)
        self._failures += 1
        self._connect_at = now + wait * random.uniform(0.75, 1.25)

    def _announce(self, name: str) -> None:
        """Publish a source and its states from now on."""
        self._live.add(name)
        initial = self._sources[name].initial()
        self._announcer.announce(self._places[name], [state.topic for state in initial])
        self._publish(name, initial)

    def _publish(self, name: str, messages: Sequence[State | Event]) -> None:
        for message in messages:
            if isinstance(message, State):
                if name in self._live:
                    self._outbox.set(message)
                    self._outbox.send(time.monotonic())  # before another state of this topic replaces it
                continue
            try:
                self._outbox.add(message, name)
            except OSError as exc:
                self.lose(name, "events", 1, exc.strerror or str(exc))
