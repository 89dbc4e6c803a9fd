"""How the broker is reached: the URL of `--mqtt` and the table `[mqtt-option]`, whose keys docs/operations.md lists."""

import os
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from edge.errors import SettingError, did_you_mean
from edge.outputs.mqtt.names import slug
from edge.outputs.values import length_of

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_EXPECTED = "expected mqtt://USER@HOST:PORT/PREFIX, or mqtts:// for TLS"


@dataclass(frozen=True, kw_only=True)
class MqttSettings:
    """What is known of the broker: a field for each option, with lengths of time in seconds."""

    host: str
    port: int
    tls: bool
    user: str | None
    password: str | None = field(repr=False)
    prefix: str
    node: str
    discovery: str | None = "homeassistant"
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    version: str = "3.1.1"
    stats: float = 60.0
    keep: float = 3600.0
    settle: float = 15.0
    onsets: bool = False

    @property
    def root(self) -> str:
        """The topic above all others."""
        return f"{self.prefix}/{self.node}"

    def tls_context(self) -> ssl.SSLContext | None:
        """What TLS needs, None without it.

        Raises:
            SettingError: if a file of it cannot be read.
        """
        if not self.tls:
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca)
            if self.cert is not None:
                context.load_cert_chain(self.cert, self.key)
        except OSError as exc:
            files = ", ".join(str(path) for path in (self.ca, self.cert, self.key) if path is not None)
            raise SettingError(f"--mqtt: {files}: {exc.strerror or exc}; expected PEM files") from exc
        return context


def mqtt_settings(url: str, options: Mapping[str, str]) -> MqttSettings:
    """Read the URL and the options.

    Raises:
        SettingError: if one is wrong, or a file cannot be read.
    """
    values = _of_url(url)
    known = {each.name.replace("_", "-"): each.name for each in fields(MqttSettings) if each.name in _READERS}
    known["password-file"] = known.pop("password")
    for name, text in options.items():
        key = name.replace("_", "-")
        if key not in known:
            raise SettingError(f"mqtt-option {name}: is unknown{did_you_mean(name, known)}")
        try:
            values[known[key]] = _READERS[known[key]](text)
        except (OSError, ValueError) as exc:
            why = f"{text}: {exc.strerror}" if isinstance(exc, OSError) else f"{text}: {exc}"
            raise SettingError(f"mqtt-option {name} {why}") from exc
    if values["password"] is None:
        values["password"] = os.environ.get("SED_MQTT_PASSWORD")
    settings = MqttSettings(**values)
    if not settings.tls and (settings.ca or settings.cert or settings.key):
        raise SettingError("mqtt-option ca, cert, key: are for TLS; begin the URL of --mqtt with mqtts://")
    return settings


def _of_url(url: str) -> dict[str, Any]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as exc:
        raise SettingError(f"--mqtt: {_EXPECTED}") from exc
    prefix = parts.path.strip("/") or "sed-edge"
    if parts.scheme not in _PORTS or not parts.hostname or parts.query or parts.fragment or set("+#\0") & set(prefix):
        raise SettingError(f"--mqtt: {_EXPECTED}; + and # cannot stand in PREFIX")
    user, password = (None if text is None else unquote(text) for text in (parts.username, parts.password))
    return {
        "host": parts.hostname,
        "port": port or _PORTS[parts.scheme],
        "tls": parts.scheme == "mqtts",
        "user": user or None,
        "password": password,
        "prefix": unquote(prefix),
        "node": slug(socket.gethostname().partition(".")[0]) or "node",
    }


def _node(text: str) -> str:
    if not slug(text):
        raise ValueError("expected a name with letters or digits")
    return slug(text)


def _discovery(text: str) -> str | None:
    if not text or set("+#\0") & set(text):
        raise ValueError("expected a topic such as homeassistant, or off")
    return None if text == "off" else text.strip("/")


def _version(text: str) -> str:
    if text not in ("3.1.1", "5"):
        raise ValueError("expected 3.1.1 or 5")
    return text


def _seconds(text: str) -> float:
    return length_of(text).total_seconds()


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("expected true or false")
    return text == "true"


_READERS: dict[str, Callable[[str], Any]] = {
    "node": _node,
    "discovery": _discovery,
    "password": lambda text: Path(text).read_text().rstrip("\r\n"),
    "ca": Path,
    "cert": Path,
    "key": Path,
    "version": _version,
    "stats": _seconds,
    "keep": _seconds,
    "settle": _seconds,
    "onsets": _flag,
}
