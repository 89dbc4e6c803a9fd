"""What all commands share: errors become one line on stderr, and talk goes there too."""

import logging
from typing import Any

import click

from edge.errors import SedError


class SedCommand(click.Command):
    """A command whose `SedError`s end it with one line and their exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """See `click.Command.invoke`."""
        logging.basicConfig(format=f"{ctx.info_name}: %(message)s", level=logging.WARNING)
        for room in ("edge", "sed", "export"):
            logging.getLogger(room).setLevel(logging.INFO)
        try:
            return super().invoke(ctx)
        except SedError as exc:
            click.echo(f"{ctx.info_name}: {exc}", err=True)
            ctx.exit(exc.exit_code)
