"""`sed-scan`, and what is done with a destination afterwards."""

import sys
from pathlib import Path

import click

from edge.cli.command_line import SedCommand
from scan.archive import Folder
from scan.cli.scan import scan as scan_command
from scan.table import FORMATS, draw, export_table, summarise, summary_text, verify


class _Group(click.Group):
    """Where no part is named, `run` is meant."""

    command_class = SedCommand

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("--help", "--version"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Group)
@click.version_option(package_name="sed-edge")
def scan() -> None:
    """Write the events of an archive into one table, and look at that table.

    sed-scan SOURCE... --out DESTINATION is short for sed-scan run SOURCE... --out DESTINATION; see sed-scan run --help.
    """


scan.add_command(scan_command, "run")


@scan.command("verify")
@click.argument("destination")
def verify_command(destination: str) -> None:
    """Prove that every file of the manifest has exactly one row in DESTINATION; exit with 1 if not."""
    folder = Folder(destination)
    wrong = verify(folder)
    for line in wrong:
        click.echo(line)
    if wrong:
        sys.exit(1)
    click.echo(summary_text(summarise(folder)))


@scan.command("export")
@click.argument("destination")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    help="csv, raven, audacity, desed and jsonl are those of sed-stream --out; events is one flat table of Parquet.  "
    "[default: by the path's suffix]",
)
def export_command(destination: str, path: Path, form: str | None) -> None:
    """Write the events in DESTINATION to PATH, in a format that other programs read."""
    count = export_table(Folder(destination), form or _form_of(path), path)
    click.echo(f"{path}: {count} events", err=True)


@scan.command("draw")
@click.argument("destination")
@click.argument("path", type=click.Path(path_type=Path))
def draw_command(destination: str, path: Path) -> None:
    """Draw events by label, date and hour of day, and the hours of sound beside them, to PATH (.png, .svg, .pdf)."""
    draw(Folder(destination), path)


def _form_of(path: Path) -> str:
    suffixes = {
        ".selections.txt": "raven",
        ".csv": "csv",
        ".txt": "audacity",
        ".tsv": "desed",
        ".jsonl": "jsonl",
        ".parquet": "events",
    }
    for suffix, form in suffixes.items():
        if path.name.lower().endswith(suffix):
            return form
    raise click.UsageError(f"{path}: its format is unknown; expected a path that ends in one of {', '.join(suffixes)}")
