"""The runtime's commands by name, to be called in a test's own process."""

import click

from edge.cli.doctor import doctor
from edge.cli.info import info
from edge.cli.notify import notify
from edge.cli.replay import replay
from edge.cli.stream import stream

RUNTIME_COMMANDS: dict[str, click.Command] = {
    "stream": stream,
    "replay": replay,
    "notify": notify,
    "info": info,
    "doctor": doctor,
}
