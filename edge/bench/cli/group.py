"""`sed-bench`, a group of commands: one module for each of its parts."""

from pathlib import Path

import click

from edge.cli.command_line import SedCommand
from edge.model import shipped_models


class _Group(click.Group):
    """Where no part is named, `table` is meant."""

    command_class = SedCommand

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ("--help", "--version")):
            if args and not args[0].startswith("-") and not _may_be_model(args[0]):
                ctx.fail(f"{args[0]!r} is neither a file nor one of {', '.join([*self.commands, *shipped_models()])}")
            args = ["table", *args]
        return super().parse_args(ctx, args)


def _may_be_model(text: str) -> bool:
    return bool(Path(text).suffix) or Path(text).exists() or text in shipped_models()


@click.group(cls=_Group)
@click.version_option(package_name="sed-edge")
def bench() -> None:
    """Measure models and the whole runtime on this machine: speed, latency, number of sources.

    sed-bench MODEL... is short for sed-bench table MODEL...; see sed-bench table --help.
    """
