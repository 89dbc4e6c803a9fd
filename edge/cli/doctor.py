"""`sed-doctor`: what is wrong with this installation or a source, and what to do."""

import functools
import json
import logging
import sys
from pathlib import Path

import click

from edge.cli.command_line import SedCommand
from edge.cli.options import MODEL_OPTIONS, SOUND_OPTIONS, with_options
from edge.doctor import describe_report, examine
from edge.model import shipped_model
from edge.sources import Source, each_of, open_sources


@click.command(cls=SedCommand)
@click.argument("source", required=False)
@with_options(*SOUND_OPTIONS, *MODEL_OPTIONS)
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.  [default: text]")
@click.version_option(package_name="sed-edge")
def doctor(
    source: str | None,
    options: tuple[str, ...],
    pcm: str | None,
    channel: str,
    track: str,
    model_path: Path | None,
    provider: str,
    threads: int,
    as_json: bool,
) -> None:
    """Examine this installation and, if SOURCE is given, 5 seconds of its sound; say what is wrong and what to do.

    A SOURCE is what sed-stream takes. Exit code 0 if all is fine, 1 if something is wrong.
    """
    logging.getLogger("edge.model.providers").setLevel(logging.ERROR)  # the report says it
    opened = None
    if source is not None:
        opened = functools.partial(_opened, source, options=options, pcm=pcm, track=track)
    report = examine(shipped_model() if model_path is None else model_path, provider, threads, opened, channel)
    click.echo(json.dumps(report.to_dict(), ensure_ascii=False) if as_json else describe_report(report))
    if not report.fine:
        sys.exit(1)


def _opened(text: str, *, options: tuple[str, ...], pcm: str | None, track: str) -> Source:
    """The source, or the first file of a folder."""
    return each_of(open_sources([text], options=options, pcm=pcm, track=track))[0]
