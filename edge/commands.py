"""`sed-stream`, `sed-info` and `sed-doctor`: the runtime's commands."""

import functools
import itertools
import json
import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from edge.command_line import SedCommand, provider_option, threads_option
from edge.decoder import Decoder
from edge.describe import describe
from edge.doctor import examine
from edge.errors import SettingError
from edge.inference import Model, shipped_model
from edge.opening import open_source, open_sources
from edge.report import describe_report
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
from edge.sinks import JsonLinesSink, Sink, TextSink
from edge.sources import FileSource, Item, Source, State
from edge.stream import window_of

_log = logging.getLogger(__name__)

_SOURCE_OPTIONS = (
    click.option(
        "--name",
        "named",
        multiple=True,
        metavar="NAME=SOURCE",
        help="One more SOURCE, called NAME in the log; may be repeated.  [default: a SOURCE is called what it is]",
    ),
    click.option("--once", is_flag=True, help="End where a stream ends.  [default: connect to it again]"),
    click.option("--realtime", is_flag=True, help="Play files at their own pace.  [default: as fast as it goes]"),
    click.option("--duration", type=float, metavar="S", help="Seconds to hear of each SOURCE.  [default: all]"),
    click.option(
        "--pcm",
        metavar="FORMAT:HZ:CHANNELS",
        help="What comes on stdin is bare samples, such as s16le:48000:1.  [default: a WAV or another container]",
    ),
    click.option(
        "--started-at",
        metavar="TIME",
        help="When the recording began (ISO 8601; UTC unless it says otherwise).  [default: nobody knows]",
    ),
)
_MODEL_OPTIONS = (
    click.option(
        "--model", "model_path", type=click.Path(path_type=Path), help="Model file.  [default: the shipped one]"
    ),
    click.option(
        "--hop", type=float, metavar="S", help="Seconds by which the window advances.  [default: the model's]"
    ),
    click.option(
        "--window", type=float, metavar="S", help="Seconds that the model sees at once.  [default: the model's]"
    ),
    click.option("--labels", metavar="A,B", help="Report only these labels.  [default: all]"),
    click.option(
        "--threshold",
        "thresholds",
        cls=ThresholdOption,
        help="Score, between 0 and 1, at which an event begins; may be repeated.  [default: the model's]",
    ),
    provider_option,
    threads_option,
)
_LOG_OPTIONS = (
    click.option(
        "--onsets", is_flag=True, help="Write onsets too, as soon as they are certain.  [default: whole events only]"
    ),
    click.option(
        "--stats-every",
        type=float,
        metavar="S",
        help="Seconds between lines of figures; 0 for one at the end only.  [default: 3600 for what is live, else 0]",
    ),
    click.option(
        "--format",
        "log_format",
        type=click.Choice(["jsonl", "text"]),
        help="Log as JSON Lines or as a table.  [default: text on a terminal, else jsonl]",
    ),
)


def _with(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """All of these options at once, in their order."""
    return lambda command: functools.reduce(lambda wrapped, option: option(wrapped), reversed(options), command)


@click.command(cls=SettingsCommand, environment_prefix="SED_STREAM", together=("sources", "named"))
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@_with(*_SOURCE_OPTIONS, *_MODEL_OPTIONS, *_LOG_OPTIONS)
@click.version_option(package_name="sed-edge")
@click.pass_context
def stream(
    ctx: click.Context,
    sources: tuple[str, ...],
    named: tuple[str, ...],
    once: bool,
    realtime: bool,
    duration: float | None,
    pcm: str | None,
    started_at: str | None,
    model_path: Path | None,
    hop: float | None,
    window: float | None,
    labels: str | None,
    thresholds: list[Threshold],
    provider: str,
    threads: int,
    onsets: bool,
    stats_every: float | None,
    log_format: str | None,
    show_config: bool,
) -> None:
    """Write down which sounds each SOURCE holds, each with onset and offset.

    A SOURCE is an audio file, - for a WAV or another container on stdin, mic or mic:NAME for a microphone, the URL of
    a stream (http, https, rtsp, rtsps, udp) or an .sdp file. The log goes to stdout, everything else to stderr. Ctrl-C
    closes open events and ends the log; a second one ends at once.
    """
    logging.getLogger("edge").setLevel(logging.INFO)
    began = None if started_at is None else _time(started_at)
    model = Model(shipped_model() if model_path is None else model_path, provider, threads)
    card = model.card
    reported = None if labels is None else known_labels(labels.split(","), card, origin_of(ctx, "labels").place)
    frames, decoding = window_of(card, window, hop), chosen_decoding(card, thresholds)
    if show_config:
        click.echo(settings_text(ctx, shipped_model(), card, frames, decoding))
        return
    heard = open_sources(sources, named, once=once, realtime=realtime, seconds=duration, pcm=pcm)
    if began is not None and (live := [source.name for source in heard if source.live]):
        raise SettingError(f"--started-at is for files; {live[0]} is heard live, and its times are those of the clock")
    if stats_every is not None and stats_every < 0:
        raise SettingError(f"--stats-every {stats_every:g}: expected seconds, or 0 for none but the last")
    if provider == "auto":
        _log.info("runs on the %s", model.provider)
    stopping = _stop_on_signals()
    listen(
        _with_progress(heard),
        model,
        frames,
        lambda: Decoder(card.labels, decoding, reported),
        _sink(log_format),
        stopping=stopping,
        onsets=onsets,
        started_at=began,
        stats_every_seconds=stats_every,
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


@click.command(cls=SedCommand)
@click.argument("source", required=False)
@click.option("--model", "model_path", type=click.Path(path_type=Path), help="Model file.  [default: the shipped one]")
@provider_option
@threads_option
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.  [default: text]")
@click.version_option(package_name="sed-edge")
def doctor(source: str | None, model_path: Path | None, provider: str, threads: int, as_json: bool) -> None:
    """Examine this installation and, if SOURCE is given, 5 seconds of its sound; say what is wrong and what to do.

    A SOURCE is what sed-stream takes. Exit code 0 if all is fine, 1 if something is wrong.
    """
    open_it = None if source is None else functools.partial(open_source, source)
    report = examine(shipped_model() if model_path is None else model_path, provider, threads, open_it)
    click.echo(json.dumps(report.to_dict(), ensure_ascii=False) if as_json else describe_report(report))
    if not report.fine:
        sys.exit(1)


def _sink(log_format: str | None) -> Sink:
    """Stdout, as a table where a person reads it."""
    if log_format is None:
        log_format = "text" if sys.stdout.isatty() else "jsonl"
    return TextSink(sys.stdout) if log_format == "text" else JsonLinesSink(sys.stdout)


def _with_progress(sources: list[Source]) -> list[Source]:
    """With a progress bar for a single file, if the log goes elsewhere and a person watches stderr."""
    watched = len(sources) == 1 and sys.stderr.isatty() and not sys.stdout.isatty()
    return [
        _WithProgress(source) if watched and isinstance(source, FileSource) and not source.live else source
        for source in sources
    ]


class _WithProgress:
    """A file with a progress bar on stderr, if its length is known."""

    live = False

    def __init__(self, source: FileSource) -> None:
        self._source, self.name = source, source.name

    def items(self, stopping: threading.Event) -> Iterator[Item]:
        """See `Source.items`."""
        items = self._source.items(stopping)
        first = list(itertools.islice(items, 1))  # opens it
        length, heard = round(1000 * (self._source.seconds or 0.0)), 0.0
        with click.progressbar(length=length, label="listening", file=sys.stderr, hidden=not length) as bar:
            for item in itertools.chain(first, items):
                heard += 0.0 if isinstance(item, State) else 1000 * item.seconds
                bar.update(round(heard) - bar.pos)
                yield item


_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def _stop_on_signals() -> threading.Event:
    """An event that the first Ctrl-C or SIGTERM sets; the second ends the process at once."""
    stopping = threading.Event()

    def stop(number: int, _: object) -> None:
        second = stopping.is_set()
        stopping.set()
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_DFL)
        if second:  # both came before this thread could look
            signal.raise_signal(number)

    for number in _SIGNALS:
        signal.signal(number, stop)
    return stopping


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise SettingError(f"--started-at {text}: expected an ISO 8601 time such as 2026-05-01T04:30:00Z") from exc
