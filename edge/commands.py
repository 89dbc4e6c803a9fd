"""`sed-stream` and `sed-info`: the runtime's commands."""

import itertools
import logging
import signal
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

from edge.command_line import SedCommand, provider_option, threads_option
from edge.decoder import Decoder
from edge.describe import describe
from edge.errors import SettingError
from edge.inference import Model, shipped_model
from edge.runtime import listen
from edge.settings import (
    SettingsCommand,
    Threshold,
    ThresholdOption,
    chosen_decoding,
    known_labels,
    origin_of,
)
from edge.show_config import show_config as settings_text
from edge.sinks import JsonLinesSink, TextSink
from edge.sources import Block, FileSource
from edge.stream import window_of


@click.command(cls=SettingsCommand, environment_prefix="SED_STREAM")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option("--model", "model_path", type=click.Path(path_type=Path), help="Model file.  [default: the shipped one]")
@click.option("--hop", type=float, metavar="S", help="Seconds by which the window advances.  [default: the model's]")
@click.option("--window", type=float, metavar="S", help="Seconds that the model sees at once.  [default: the model's]")
@click.option("--labels", metavar="A,B", help="Report only these labels.  [default: all]")
@click.option(
    "--threshold",
    "thresholds",
    cls=ThresholdOption,
    help="Score from 0 to 1 at which an event begins; may be repeated.  [default: the model's]",
)
@click.option(
    "--started-at",
    metavar="TIME",
    help="When the recording began (ISO 8601; UTC unless it says otherwise).  [default: unknown]",
)
@provider_option
@threads_option
@click.option(
    "--format",
    "log_format",
    type=click.Choice(["jsonl", "text"]),
    help="Log as JSON Lines or as a table.  [default: text on a terminal, else jsonl]",
)
@click.version_option(package_name="sed-edge")
@click.pass_context
def stream(
    ctx: click.Context,
    sources: tuple[str, ...],
    model_path: Path | None,
    hop: float | None,
    window: float | None,
    labels: str | None,
    thresholds: list[Threshold],
    started_at: str | None,
    provider: str,
    threads: int,
    log_format: str | None,
    show_config: bool,
) -> None:
    """Write down which sounds SOURCE holds, each with onset and offset.

    SOURCE is an audio file, or - for a WAV or another container on stdin. The log goes to stdout, everything else to
    stderr. Ctrl-C closes open events and ends the log.
    """
    logging.getLogger("edge").setLevel(logging.INFO)
    began = None if started_at is None else _time(started_at)
    path = shipped_model() if model_path is None else model_path
    model = Model(path, provider, threads)
    card = model.card
    reported = None if labels is None else known_labels(labels.split(","), card, origin_of(ctx, "labels").place)
    frames, decoding = window_of(card, window, hop), chosen_decoding(card, thresholds)
    if show_config:
        click.echo(settings_text(ctx, path, card, frames, decoding))
        return
    if not sources:
        raise SettingError("no SOURCE to listen to; give an audio file, or - for stdin")
    decoder = Decoder(card.labels, decoding, reported)
    if log_format is None:
        log_format = "text" if sys.stdout.isatty() else "jsonl"
    stopping = _stop_on_signals()
    sound = FileSource(sources[0])
    listen(
        # Where the log goes elsewhere, a person watches stderr.
        _WithProgress(sound) if sys.stderr.isatty() and not sys.stdout.isatty() else sound,
        model,
        frames,
        decoder,
        TextSink(sys.stdout) if log_format == "text" else JsonLinesSink(sys.stdout),
        started_at=began,
        stopping=stopping,
    )
    if stopping.is_set():
        sys.exit(130)


@click.command(cls=SedCommand)
@click.argument("model", type=click.Path(path_type=Path), required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the card as it is in the file.  [default: a table]")
@click.version_option(package_name="sed-edge")
def info(model: Path | None, as_json: bool) -> None:
    """Print what MODEL (an .onnx file; the shipped one unless named) says of itself."""
    card = Model(shipped_model() if model is None else model, "cpu").card
    click.echo(card.to_json() if as_json else describe(card))


class _WithProgress:
    """A file with a progress bar on stderr, if its length is known."""

    def __init__(self, source: FileSource) -> None:
        self._source, self.name = source, source.name

    def blocks(self) -> Iterator[Block]:
        """See `Source.blocks`."""
        blocks = self._source.blocks()
        first = list(itertools.islice(blocks, 1))  # opens it
        samples = round((self._source.seconds or 0.0) * first[0].sample_rate) if first else 0
        with click.progressbar(length=samples, label="listening", file=sys.stderr, hidden=not samples) as bar:
            for block in itertools.chain(first, blocks):
                bar.update(len(block.samples))
                yield block


def _stop_on_signals() -> threading.Event:
    """An event that the first Ctrl-C or SIGTERM sets; the second ends the process at once."""
    stopping = threading.Event()

    def stop(number: int, _: object) -> None:
        stopping.set()
        signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    return stopping


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise SettingError(f"--started-at {text}: expected an ISO 8601 time such as 2026-05-01T04:30:00Z") from exc
