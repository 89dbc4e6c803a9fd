"""The outputs that the settings of a command ask for, checked before anything is heard."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.model import Card, ClassDecoding
from edge.outputs.output import Output, Outputs


@dataclass(frozen=True, kw_only=True)
class OutputSettings:
    """What the options of a command say of its outputs: a field for each of `OUTPUT_OPTIONS` in `edge.cli.options`.

    Attributes:
        notify: the tables of rules for notifications, and where they stand.
        state: folder of what outputs must remember; that of systemd or of the user if None.
    """

    notify: tuple[str, object] | None = None
    state: Path | None = None


@dataclass(frozen=True, kw_only=True)
class OutputContext:
    """What outputs may know of the run that they belong to.

    Attributes:
        card: of the model.
        decoding: label -> settings of the decoder, as chosen.
        labels: those that are reported.
        sources: their names.
        log: the file of JSON Lines that the log is written to, if there is one.
    """

    card: Card
    decoding: Mapping[str, ClassDecoding]
    labels: Sequence[str]
    sources: Sequence[str]
    log: Path | None = None


def open_outputs(settings: OutputSettings, context: OutputContext) -> Outputs | None:
    """Make the outputs that the settings ask for, or None if they ask for none.

    Raises:
        InstallError: if a package that one needs is missing.
        OSError: if a folder, an address or a file of one cannot be used.
        SettingError: if a setting is wrong.
    """
    outputs = [output for make in _MAKERS for output in make(settings, context)]
    return Outputs(outputs) if outputs else None


def _notifications(settings: OutputSettings, context: OutputContext) -> list[Output]:
    if settings.notify is None:
        return []
    from edge.outputs.notify import open_notifications

    where, tables = settings.notify
    return [open_notifications(tables, where, settings.state, context.log)]


# Each makes the outputs of one kind, none if the settings do not ask for it, and imports what it needs only then: a run
# without outputs starts as fast, and in as little memory, as if there were none.
_MAKERS: Sequence[Callable[[OutputSettings, OutputContext], Sequence[Output]]] = (_notifications,)
