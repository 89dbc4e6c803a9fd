"""One connection to a broker, from the first attempt until it breaks. Each attempt is a connection of its own.

Paho keeps a connection alive and sends again what was not acknowledged within it. What outlasts it is not left to
Paho: it would send that at once when the broker is back, before other clients are.
"""

import contextlib
import queue
import ssl
import threading
from typing import Any, NamedTuple

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from edge.outputs.mqtt.settings import MqttSettings

_KEEPALIVE_SECONDS = 20
MOST_IN_FLIGHT = 500  # messages that are not acknowledged; acknowledgements are looked at four times a second


class Happening(NamedTuple):
    """What happened to a connection.

    Attributes:
        connection: that it happened to.
        what: `connected`, `acknowledged`, `received` or `ended`.
        number: of the message that was acknowledged.
        topic: of the message that was received.
        text: of that message, or why the connection ended.
    """

    connection: "Connection"
    what: str
    number: int = 0
    topic: str = ""
    text: str = ""


class Connection:
    """Connects at once, in a thread of its own, which puts what happens into a queue; `ended` is the last of it.

    Args:
        settings: of the broker.
        context: for TLS, None without it.
        client_id: the same for all connections of a run: the broker ends an old one that it has not missed yet.
        will: topic that the broker publishes `offline` to, retained, where the connection breaks.
        subscriptions: topics to receive.
        happenings: what happens.
    """

    def __init__(
        self,
        settings: MqttSettings,
        context: ssl.SSLContext | None,
        client_id: str,
        will: str,
        subscriptions: list[str],
        happenings: "queue.SimpleQueue[Happening]",
    ) -> None:
        self._settings, self._subscriptions, self._happenings = settings, subscriptions, happenings
        self._why = "connection lost"
        version = paho.MQTTv5 if settings.version == "5" else paho.MQTTv311
        self._client = client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id, protocol=version, reconnect_on_failure=False
        )
        if settings.user is not None:
            client.username_pw_set(settings.user, settings.password)
        if context is not None:
            client.tls_set_context(context)
        client.max_inflight_messages_set(MOST_IN_FLIGHT)
        client.will_set(will, "offline", qos=1, retain=True)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_publish, client.on_message = self._on_publish, self._on_message
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)
        self._thread.start()

    def publish(self, topic: str, payload: str, *, retain: bool) -> int:
        """Send a message; returns the number under which it will be acknowledged."""
        return self._client.publish(topic, payload, qos=1, retain=retain).mid

    def close(self, timeout: float) -> None:
        """Say goodbye, and wait for the end."""
        self._client.disconnect()
        self._thread.join(timeout)

    def _run(self) -> None:
        try:
            self._client.connect(self._settings.host, self._settings.port, _KEEPALIVE_SECONDS)
            self._client.loop_forever()
        except (OSError, ValueError) as exc:
            self._why = getattr(exc, "strerror", None) or str(exc)
        finally:
            self._put("ended", text=self._why)

    def _put(self, what: str, **more: Any) -> None:
        self._happenings.put(Happening(self, what, **more))

    def _on_connect(self, client: paho.Client, _data: object, _flags: object, reason: Any, _more: object) -> None:
        if reason.is_failure:
            self._why = f"refused: {reason}"
            client.disconnect()
            return
        for topic in self._subscriptions:
            client.subscribe(topic, qos=1)
        self._put("connected")

    def _on_disconnect(self, _client: object, _data: object, _flags: object, reason: Any, _more: object) -> None:
        if reason.is_failure and not self._why.startswith("refused"):
            self._why = f"connection lost: {reason}"

    def _on_publish(self, _client: object, _data: object, number: int, _reason: object, _more: object) -> None:
        self._put("acknowledged", number=number)

    def _on_message(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        with contextlib.suppress(UnicodeDecodeError):
            self._put("received", topic=message.topic, text=message.payload.decode())
