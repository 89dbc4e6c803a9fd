"""A real broker, and a client that notes what comes."""

import json
import subprocess
import threading
from pathlib import Path
from typing import Any, NamedTuple, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests.edge.live.servers import Program, free_port, is_open, needs

CONFIG = """listener {port} 127.0.0.1
allow_anonymous {anonymous}
user root
max_queued_messages 0
log_type error
"""
LASTING = """persistence true
persistence_location {folder}/
autosave_interval 1
autosave_on_changes true
"""


class Broker(Program):
    """Mosquitto.

    Args:
        folder: for its files.
        password: of the user `porch`; without one everybody may connect.
        certificate: with its key, for TLS.
        lasting: whether it has what is retained and its clients' sessions again after it was killed.
    """

    def __init__(
        self,
        folder: Path,
        password: str | None = None,
        certificate: tuple[Path, Path] | None = None,
        *,
        lasting: bool = False,
    ) -> None:
        needs("mosquitto")
        self.port = free_port()
        folder.mkdir(exist_ok=True)
        config = CONFIG.format(port=self.port, anonymous=str(password is None).lower())
        if lasting:
            config += LASTING.format(folder=folder)
        if password is not None:
            command = ["mosquitto_passwd", "-b", "-c", str(folder / "passwords"), "porch", password]
            subprocess.run(command, check=True, capture_output=True)
            config += f"password_file {folder / 'passwords'}\n"
        if certificate is not None:
            config += "certfile {}\nkeyfile {}\n".format(*certificate)
        (folder / "mosquitto.conf").write_text(config)
        super().__init__(["mosquitto", "-c", str(folder / "mosquitto.conf")], ready=lambda: is_open(self.port))

    @property
    def url(self) -> str:
        """Of the broker, without TLS."""
        return f"mqtt://127.0.0.1:{self.port}"


class Received(NamedTuple):
    """A message as a subscriber has it."""

    topic: str
    text: str
    retained: bool

    @property
    def data(self) -> dict[str, Any]:
        """Its JSON."""
        return dict(json.loads(self.text))


class Subscriber:
    """A client that subscribes to everything; its session outlasts broken connections."""

    def __init__(self, broker: Broker, name: str = "subscriber", *, lasting: bool = True) -> None:
        self.received: list[Received] = []
        self._subscribed = threading.Event()
        self._client = client = paho.Client(CallbackAPIVersion.VERSION2, name, clean_session=not lasting)
        client.on_connect = lambda client, *_: client.subscribe("#", qos=1)
        client.on_subscribe = lambda *_: self._subscribed.set()
        client.on_message = self._note
        client.reconnect_delay_set(1, 1)
        client.connect("127.0.0.1", broker.port)

    def __enter__(self) -> Self:
        self._client.loop_start()
        assert self._subscribed.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, text: str) -> None:
        """Send a message."""
        self._client.publish(topic, text, qos=1).wait_for_publish(10)

    def of(self, end: str) -> list[Received]:
        """What came of topics with this end, so far."""
        return [message for message in list(self.received) if message.topic.endswith(end)]

    def _note(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        received = Received(message.topic, message.payload.decode(), message.retain)
        if not (message.dup and received in self.received):  # the broker repeats what it does not know to have arrived
            self.received.append(received)


def states(broker: Broker) -> dict[str, str]:
    """What the broker retains, by topic."""
    command = [
        "mosquitto_sub",
        "-h",
        "127.0.0.1",
        "-p",
        str(broker.port),
        "-t",
        "#",
        "-v",
        "--retained-only",
        "-W",
        "1",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return dict(line.split(" ", 1) for line in done.stdout.splitlines())
