"""The sound devices of this machine that can record, by PortAudio."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from edge.errors import InstallError, SourceError

_LIST = "from edge.sources.microphone.devices import device_json, all_devices; print(device_json(all_devices()))"
_LISTING_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class Device:
    """One device that can record.

    Attributes:
        index: its number in PortAudio's list; another one after devices come or go.
        name: as PortAudio gives it.
        channels: most it can record.
        sample_rate: its own, in Hz.
        host_api: the system's sound interface through which it is reached; some show a device once for each.
        default: whether it is the one taken where none is named.
    """

    index: int
    name: str
    channels: int
    sample_rate: int
    host_api: str
    default: bool

    @property
    def full_name(self) -> str:
        """What tells it from devices of the same name."""
        return f"{self.name}, {self.host_api}"


def portaudio() -> Any:
    """The module `sounddevice`, which looks for devices when it is first imported.

    Raises:
        InstallError: if this machine has no PortAudio.
    """
    try:
        import sounddevice
    except OSError as exc:
        raise InstallError(
            "a microphone needs PortAudio, which is not on this machine; "
            "run apt install libportaudio2, or install the package portaudio of your system"
        ) from exc
    return sounddevice


def all_devices() -> list[Device]:
    """All devices that could record when PortAudio looked for them.

    Raises:
        InstallError: if this machine has no PortAudio.
    """
    sound = portaudio()
    interfaces = sound.query_hostapis()
    try:
        default = sound.query_devices(kind="input")["index"]
    except (sound.PortAudioError, ValueError):
        default = None
    return [
        Device(
            index=found["index"],
            name=found["name"],
            channels=found["max_input_channels"],
            sample_rate=round(found["default_samplerate"]),
            host_api=interfaces[found["hostapi"]]["name"],
            default=found["index"] == default,
        )
        for found in sound.query_devices()
        if found["max_input_channels"] > 0
    ]


def devices_now() -> list[Device]:
    """All devices that can record now.

    Another process lists them: PortAudio loses memory whenever it is made to look again.

    Raises:
        SourceError: if they cannot be listed.
    """
    try:
        listed = subprocess.run(
            [sys.executable, "-c", _LIST], capture_output=True, check=True, timeout=_LISTING_SECONDS
        )
    except subprocess.TimeoutExpired as exc:
        raise SourceError("the sound server does not answer") from exc
    except (OSError, subprocess.CalledProcessError) as exc:
        raise SourceError(f"the sound devices cannot be listed ({exc})") from exc
    return [Device(**device) for device in json.loads(listed.stdout)]


def find_device(wanted: str | None, known: Sequence[Device]) -> Device:
    """The device that a user means.

    Args:
        wanted: an index, or part of a name (`NAME, HOST API` where a name alone would not tell), in any case; None for
            the default.
        known: what there is.

    Raises:
        SourceError: if there is none, or more than one.
    """
    if not known:
        raise SourceError("no microphone was found; connect one, or start the sound server that has it")
    if wanted is None:
        found = [device for device in known if device.default] or list(known[:1])
    elif wanted.isdecimal():
        found = [device for device in known if device.index == int(wanted)]
    else:
        found = [device for device in known if wanted in (device.name, device.full_name)] or [
            device for device in known if wanted.casefold() in device.full_name.casefold()
        ]
    if len(found) == 1:
        return found[0]
    if found:
        raise SourceError(f"mic:{wanted} fits {_listed(found)}; give more of the name, or the index")
    raise SourceError(f"mic:{wanted} fits no microphone; expected an index, or part of a name, of {_listed(known)}")


def device_table(known: Sequence[Device]) -> str:
    """The devices for people; `*` marks the default."""
    if not known:
        return "no microphone was found"
    rows = [("", "index", "name", "channels", "rate", "interface")]
    rows += [
        (
            "*" if device.default else "",
            str(device.index),
            device.name,
            str(device.channels),
            f"{device.sample_rate} Hz",
            device.host_api,
        )
        for device in known
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def device_json(known: Sequence[Device]) -> str:
    """The devices for programs."""
    return json.dumps([asdict(device) for device in known], indent=2)


def _listed(known: Sequence[Device]) -> str:
    return "; ".join(f"{device.index} {device.full_name}" for device in known)
