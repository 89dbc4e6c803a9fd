"""The outputs that the settings of a command ask for, checked before anything is heard."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from edge.errors import SettingError
from edge.outputs.output import Output, OutputContext
from edge.outputs.threads import Outputs


@dataclass(frozen=True, kw_only=True)
class OutputSettings:
    """What the options of a command say of its outputs: a field for each of `OUTPUT_OPTIONS` in `edge.cli.options`.

    Attributes:
        clips: the folder that clips are saved in.
        clip_option: settings of clips.
        clip_pictures: whether a spectrogram is drawn beside each clip.
        health: the address that health and metrics are served on.
        health_option: limits beyond which a source is unhealthy.
        mqtt: URL of the broker that the log goes to.
        mqtt_option: settings of it.
        page: the address that the live page is served on.
        page_token_file: file with the token that it asks for.
        page_name: names by which browsers may call this machine, beside its own.
        notify: the tables of rules for notifications, and where they stand.
        state: folder of what outputs must remember; that of systemd or of the user if None.
    """

    clips: Path | None = None
    clip_option: Mapping[str, str] = field(default_factory=dict)
    clip_pictures: bool = False
    health: str | None = None
    health_option: Mapping[str, str] = field(default_factory=dict)
    mqtt: str | None = None
    mqtt_option: Mapping[str, str] = field(default_factory=dict)
    page: str | None = None
    page_token_file: Path | None = None
    page_name: Sequence[str] = ()
    notify: tuple[str, object] | None = None
    state: Path | None = None


def open_outputs(settings: OutputSettings, context: OutputContext) -> Outputs | None:
    """Make the outputs that the settings ask for, or None if they ask for none.

    Raises:
        InstallError: if a package that one needs is missing.
        OSError: if a folder, an address or a file of one cannot be used.
        SettingError: if a setting is wrong.
    """
    outputs = [output for make in _MAKERS for output in make(settings, context)]
    return Outputs(outputs) if outputs else None


def _clips(settings: OutputSettings, context: OutputContext) -> list[Output]:
    if settings.clips is None:
        if settings.clip_option or settings.clip_pictures:
            raise SettingError("settings of clips are for --clips; name the folder that clips are saved in")
        return []
    from edge.outputs.clips import ClipSettings, ClipsOutput

    chosen = ClipSettings.parse(settings.clip_option, frozenset(context.card.labels))
    return [ClipsOutput(settings.clips, replace(chosen, pictures=settings.clip_pictures), context)]


def _health(settings: OutputSettings, context: OutputContext) -> list[Output]:
    if settings.health is None:
        if settings.health_option:
            raise SettingError("settings of health are for --health; give an address, such as 127.0.0.1:9464")
        return []
    from edge.outputs.health import HealthOutput, Limits

    return [HealthOutput(settings.health, Limits.parse(settings.health_option), context)]


def _systemd(_: OutputSettings, context: OutputContext) -> list[Output]:
    if "NOTIFY_SOCKET" not in os.environ:
        return []
    from edge.outputs.health import SystemdOutput

    output = SystemdOutput.of_environment(context.begun)
    return [] if output is None else [output]


def _mqtt(settings: OutputSettings, context: OutputContext) -> list[Output]:
    if settings.mqtt is None:
        if settings.mqtt_option:
            raise SettingError("settings of MQTT are for --mqtt; give the URL of a broker, such as mqtt://porch.local")
        return []
    from edge.outputs.mqtt import open_mqtt

    return [open_mqtt(settings.mqtt, settings.mqtt_option, context, settings.state)]


def _page(settings: OutputSettings, context: OutputContext) -> list[Output]:
    if settings.page is None:
        if settings.page_token_file is not None or settings.page_name:
            raise SettingError("settings of the page are for --page; give an address, such as 127.0.0.1:8080")
        return []
    from edge.outputs.web import Access
    from edge.outputs.web.page import PageOutput

    access = Access.of("--page", settings.page, settings.page_token_file, settings.page_name)
    return [PageOutput(access, settings.clips, context)]


def _notifications(settings: OutputSettings, context: OutputContext) -> list[Output]:
    if settings.notify is None:
        return []
    from edge.outputs.notify import open_notifications

    where, tables = settings.notify
    return [open_notifications(tables, where, settings.state, context.log)]


# Each makes the outputs of one kind, none if the settings do not ask for it, and imports what it needs only then: a run
# without outputs starts as fast, and in as little memory, as if there were none.
_MAKERS: Sequence[Callable[[OutputSettings, OutputContext], Sequence[Output]]] = (
    _clips,
    _health,
    _systemd,
    _mqtt,
    _page,
    _notifications,
)
