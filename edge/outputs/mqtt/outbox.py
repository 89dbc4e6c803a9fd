"""What is to be sent to the broker, and in which order: once, then states, then events."""

import json
import time
from collections import deque
from typing import NamedTuple

from edge.outputs.mqtt.connection import MOST_IN_FLIGHT, Connection
from edge.outputs.mqtt.source import Event, State
from edge.outputs.spool import Spool

_LATE_SECONDS = 10.0
_TARGET = "mqtt"  # in the spool


class _InFlight(NamedTuple):
    """A message that is sent and not acknowledged: a state to be sent once, or the number of an event, or neither."""

    once: State | None = None
    event: int | None = None


class Outbox:
    """Sends what waits while there is a connection, and so much at a time as a slow broker takes.

    Args:
        spool: of events.

    Attributes:
        hold_until: no events are sent before that, by `time.monotonic`.
    """

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._connection: Connection | None = None
        self._states: dict[str, str] = {}  # by topic, in the order in which they are to be sent
        self._unsent: dict[str, None] = {}  # topics whose states are to be sent
        self._once: deque[State] = deque()
        self._in_flight: dict[int, _InFlight] = {}
        self._last_event = 0  # number of the last one that was sent
        self._delivered: list[int] = []
        self._may_wait = True  # whether the spool may hold events that were not sent
        self.hold_until = 0.0

    def set(self, state: State) -> None:
        """Have a retained message, in place of the one of its topic."""
        self._states[state.topic] = state.payload
        self._unsent[state.topic] = None

    def send_once(self, state: State) -> None:
        """Send a retained message before all states, such as one that clears a topic."""
        self._once.append(state)

    def send_now(self, state: State) -> None:
        """Send a message that nobody needs later: not retained, and dropped while there is no connection."""
        if self._connection is not None and len(self._in_flight) < MOST_IN_FLIGHT:
            self._send(self._connection, state, retain=False, sent=_InFlight())

    def add(self, event: Event, source: str, at: float | None = None) -> None:
        """Keep an event of a source until it is delivered; `at` as for `Spool.add`.

        Raises:
            OSError: if it cannot be kept.
        """
        body = json.dumps([event.topic, event.data], ensure_ascii=False)
        self._spool.add(_TARGET, event.key, source, body, at)
        self._may_wait = True

    def connect(self, connection: Connection) -> None:
        """Begin to send by a connection: all states, and the events that were not acknowledged."""
        self._connection = connection
        self.resend_states()

    def disconnect(self) -> None:
        """Send nothing until the next connection."""
        self._connection = None
        self._once.extendleft(sent.once for sent in reversed(self._in_flight.values()) if sent.once is not None)
        self._in_flight.clear()
        self._last_event, self._may_wait = 0, True

    def resend_states(self) -> None:
        """Send all states again."""
        self._unsent = dict.fromkeys(self._states)

    def acknowledge(self, number: int) -> None:
        """Note that the broker has the message of this number."""
        sent = self._in_flight.pop(number, None)
        if sent is not None and sent.event is not None:
            self._delivered.append(sent.event)

    def send(self, now: float) -> None:
        """Send what may be sent now.

        Raises:
            OSError: if the spool cannot be written.
        """
        if self._delivered:
            self._spool.remove(self._delivered)
            self._delivered = []
        while self._connection is not None and len(self._in_flight) < MOST_IN_FLIGHT:
            if self._once:
                state = self._once.popleft()
                self._send(self._connection, state, retain=True, sent=_InFlight(once=state))
            elif self._unsent:
                topic = next(iter(self._unsent))
                del self._unsent[topic]
                self._send(self._connection, State(topic, self._states[topic]), retain=True, sent=_InFlight())
            elif now < self.hold_until or not self._send_events(self._connection):
                break

    @property
    def is_empty(self) -> bool:
        """Whether all was sent and acknowledged."""
        return not (self._once or self._unsent or self._in_flight or self._may_wait)

    def _send_events(self, connection: Connection) -> bool:
        """Send the next events; returns whether there may be more."""
        if not self._may_wait:
            return False
        room = MOST_IN_FLIGHT - len(self._in_flight)
        waiting = self._spool.waiting(_TARGET, room, self._last_event)
        for message in waiting:
            topic, data = json.loads(message.body)
            data["late"] = time.time() - message.at > _LATE_SECONDS
            event = State(topic, json.dumps(data, ensure_ascii=False))
            self._send(connection, event, retain=False, sent=_InFlight(event=message.number))
            self._last_event = message.number
        self._may_wait = len(waiting) == room
        return self._may_wait

    def _send(self, connection: Connection, state: State, *, retain: bool, sent: _InFlight) -> None:
        self._in_flight[connection.publish(state.topic, state.payload, retain=retain)] = sent
