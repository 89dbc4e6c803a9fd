"""`sed-stream` and `sed-info`: the runtime's commands."""

import dataclasses
import itertools
import logging
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

from edge.card import Card, ClassDecoding
from edge.command_line import SedCommand
from edge.decoder import Decoder
from edge.describe import describe
from edge.errors import SettingError, did_you_mean
from edge.inference import Model, shipped_model
from edge.runtime import listen
from edge.sinks import JsonLinesSink, TextSink
from edge.sources import Block, FileSource
from edge.stream import window_of


@click.command(cls=SedCommand)
@click.argument("source")
@click.option("--model", "model_path", type=click.Path(path_type=Path), help="Model file.  [default: the shipped one]")
@click.option("--hop", type=float, metavar="S", help="Seconds by which the window advances.  [default: the model's]")
@click.option("--window", type=float, metavar="S", help="Seconds that the model sees at once.  [default: the model's]")
@click.option("--labels", metavar="A,B", help="Report only these labels.  [default: all]")
@click.option("--threshold", "thresholds", multiple=True, metavar="LABEL=P", help="Score at which an event begins.")
@click.option("--started-at", metavar="TIME", help="When the recording began (ISO 8601; UTC unless it says otherwise).")
@click.option(
    "--format",
    "log_format",
    type=click.Choice(["jsonl", "text"]),
    help="Log as JSON Lines or as a table.  [default: text on a terminal, else jsonl]",
)
@click.version_option(package_name="sed-edge")
def stream(
    source: str,
    model_path: Path | None,
    hop: float | None,
    window: float | None,
    labels: str | None,
    thresholds: tuple[str, ...],
    started_at: str | None,
    log_format: str | None,
) -> None:
    """Write down which sounds SOURCE holds, each with onset and offset.

    SOURCE is an audio file, or - for a WAV or another container on stdin. The log goes to stdout, everything else to
    stderr. Ctrl-C closes open events and ends the log.
    """
    logging.getLogger("edge").setLevel(logging.INFO)
    began = None if started_at is None else _time(started_at)
    model = Model(shipped_model() if model_path is None else model_path)
    card = model.card
    reported = None if labels is None else _known_labels(labels.split(","), card)
    frames = window_of(card, window, hop)
    decoder = Decoder(card.labels, _decoding(card, thresholds), reported)
    if log_format is None:
        log_format = "text" if sys.stdout.isatty() else "jsonl"
    stopping = _stop_on_signals()
    sound = FileSource(source)
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
@click.option("--json", "as_json", is_flag=True, help="Print the card as it is in the file.")
@click.version_option(package_name="sed-edge")
def info(model: Path | None, as_json: bool) -> None:
    """Print what MODEL (an .onnx file; the shipped one unless named) says of itself."""
    card = Model(shipped_model() if model is None else model).card
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


def _known_labels(names: Iterable[str], card: Card) -> list[str]:
    """The names in the model's order, each known to it."""
    wanted = [name.strip() for name in names]
    for name in wanted:
        if name not in card.labels:
            raise SettingError(f"the model knows no label {name!r}{did_you_mean(name, card.labels)}")
    return [label for label in card.labels if label in wanted]


def _decoding(card: Card, thresholds: Iterable[str]) -> dict[str, ClassDecoding]:
    """The card's settings, with the user's thresholds."""
    chosen = dict(card.decoding)
    for text in thresholds:
        label, _, value = text.partition("=")
        (label,) = _known_labels([label], card)
        try:
            on = float(value)
            chosen[label] = dataclasses.replace(chosen[label], on=on, off=min(on, chosen[label].off))
        except ValueError as exc:
            raise SettingError(
                f"--threshold {text}: expected LABEL=P with P between 0 and 1, such as {label}=0.6"
            ) from exc
    return chosen
