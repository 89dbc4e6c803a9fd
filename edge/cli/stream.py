"""`sed-stream`: detects sound events in sources, and writes their log."""

import contextlib
import functools
import itertools
import logging
import math
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from edge.cli.decoding import chosen_decoding, chosen_labels
from edge.cli.log_sinks import opened_sinks
from edge.cli.model_again import ModelAgain
from edge.cli.options import (
    DECODING_OPTIONS,
    LOG_OPTIONS,
    MODEL_OPTIONS,
    OUTPUT_OPTIONS,
    RUN_OPTIONS,
    SOUND_OPTIONS,
    SOURCE_OPTIONS,
    WINDOW_OPTIONS,
    with_options,
)
from edge.cli.settings import SettingsCommand, Threshold, arguments_of
from edge.cli.settings import show_config as settings_text
from edge.detection import Decoder
from edge.errors import SettingError
from edge.log import FanOut, FileSink, Rotation, Sink, json_lines_file
from edge.log.scores import ScoreSink
from edge.model import Model, shipped_model, window_of
from edge.outputs import OutputContext, OutputSettings, open_outputs
from edge.session import Part, Processes, listen
from edge.sources import ChannelChoice, FileSource, InTurn, Item, Source, State, Zone, each_of, open_sources, starts_of
from edge.sources.microphone import all_devices, device_json, device_table

_log = logging.getLogger(__name__)

_PART = (sys.executable, "-P", "-m", "edge.cli.stream")  # starts a process that hears a part of the sources


@click.command(cls=SettingsCommand, environment_prefix="SED_STREAM", together=("sources", "named"))
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@with_options(
    *SOURCE_OPTIONS,
    *SOUND_OPTIONS,
    *MODEL_OPTIONS,
    *WINDOW_OPTIONS,
    *DECODING_OPTIONS,
    *LOG_OPTIONS,
    *RUN_OPTIONS,
    *OUTPUT_OPTIONS,
)
@click.version_option(package_name="sed-edge")
@click.pass_context
def stream(
    ctx: click.Context,
    /,
    sources: tuple[str, ...],
    list_devices: bool,
    as_json: bool,
    named: tuple[str, ...],
    options: tuple[str, ...],
    once: bool,
    realtime: bool,
    live: bool,
    duration: float | None,
    pcm: str | None,
    channel: str,
    track: str,
    started_at: tuple[str, ...] | None,
    timezone: str | None,
    model_path: Path | None,
    provider: str,
    threads: int,
    hop: float | None,
    window: float | None,
    labels: str | None,
    thresholds: list[Threshold],
    onsets: bool,
    log_format: str | None,
    outs: tuple[str, ...],
    processes: int,
    durable: bool,
    rotate: str | None,
    scores_path: Path | None,
    stats_every: float | None,
    show_config: bool,
    **outputs: Any,
) -> None:
    """Write down which sounds each SOURCE holds, each with onset and offset.

    A SOURCE is an audio file, a folder of them, - for a WAV or another container on stdin, mic or mic:NAME for a
    microphone, the URL of a stream (http, https, rtsp, rtsps, udp) or an .sdp file. The log goes to stdout, everything
    else to stderr. Ctrl-C closes open events and ends the log; a second one ends at once. SIGHUP has the files of --out
    opened again, and the model read again.
    """
    # What there is to say of settings, the process above one that hears a part has said.
    logging.getLogger("edge").setLevel(logging.INFO if ctx.obj is None else logging.ERROR)
    if list_devices:
        click.echo(device_json(all_devices()) if as_json else device_table(all_devices()))
        return
    if as_json:
        raise SettingError("--json is the form of --list-devices; that of the log is --format jsonl")
    zone = Zone(timezone)
    model = Model(shipped_model() if model_path is None else model_path, provider, threads)
    card = model.card
    reported = chosen_labels(ctx, labels, card)
    frames, decoding = window_of(card, window, hop), chosen_decoding(card, thresholds)
    if show_config:
        click.echo(settings_text(ctx, shipped_model(), card, frames, decoding))
        return
    heard = open_sources(
        sources,
        named,
        options,
        once=once,
        realtime=realtime,
        live=live,
        seconds=duration,
        pcm=pcm,
        zone=zone,
        track=track,
        hop_seconds=frames.hop_frames * card.frame_seconds,
    )
    ChannelChoice(channel, "any source")  # refused before anything is opened
    starts = starts_of(heard, () if started_at is None else started_at, zone)
    if stats_every is not None and not 0 <= stats_every < math.inf:
        raise SettingError(f"--stats-every {stats_every:g}: expected seconds, or 0 for none but the last")
    for flag, given in (("--durable", durable), ("--rotate", rotate is not None)):
        if given and not outs:
            raise SettingError(f"{flag} is for files of the log; name one with --out, such as --out events.jsonl")
    rotation = None if rotate is None else Rotation.parse(rotate)
    _check_processes(processes, sources, named, scores_path)
    names = [source.name for source in each_of(heard)]
    path = shipped_model() if model_path is None else model_path
    again = ModelAgain(ctx, path, card, frames, reported or list(card.labels), scores_path is not None)
    listening = functools.partial(
        listen,
        model=model,
        window=frames,
        make_decoder=lambda: Decoder(card.labels, decoding, reported),
        starts=starts,
        stats_every_seconds=stats_every,
        channel=channel,
        succession=again.succession,
        look=again.look,
    )
    if ctx.obj is not None:
        part: Part = ctx.obj
        logging.getLogger("edge").setLevel(logging.INFO)
        with part.obey(again.ask):
            listening(
                part.task.part_of(heard),
                sink=part,
                stopping=part.stopping,
                onsets=part.task.onsets,
                outputs=part.outputs,
                count=len(names),
            )
        return
    if provider == "auto":
        _log.info("runs on the %s", model.provider)
    sinks: list[Sink] = []
    known = OutputContext(
        card=card,
        decoding=decoding,
        labels=reported or card.labels,
        sources=names,
        begun=[source.name for source in heard if not isinstance(source, InTurn)],
        log_failure=lambda: next((sink.failure for sink in sinks if isinstance(sink, FileSink) and sink.failure), None),
        log=json_lines_file(outs),
    )
    opened = open_outputs(OutputSettings(**outputs), known)
    several = None if min(processes, len(heard)) == 1 else Processes(_PART, arguments_of(ctx), heard, processes)
    hung_up = again.ask if several is None else several.read_model_again
    stopping = _stop_on_signals()
    code = 0
    with contextlib.ExitStack() as stack:
        sinks += stack.enter_context(opened_sinks(log_format, outs, card, names, durable, rotation, hung_up))
        if several is not None:
            code = several.listen(FanOut(sinks), opened, onsets=onsets, stopping=stopping)
        else:
            scores = None
            if scores_path is not None:
                scores = stack.enter_context(contextlib.closing(ScoreSink(scores_path, card)))
                sinks.insert(0, scores)
            listening(
                _with_progress(heard),
                sink=FanOut(sinks),
                stopping=stopping,
                onsets=onsets,
                scores=scores,
                outputs=opened,
            )
    if stopping.is_set() or code != 0:
        sys.exit(130 if stopping.is_set() else code)


def _check_processes(processes: int, sources: Sequence[str], named: Sequence[str], scores: Path | None) -> None:
    if processes > 1 and "-" in [*sources, *(text.partition("=")[2] for text in named)]:
        raise SettingError("stdin (-) is read by one process; leave out --processes, or name files and streams only")
    if processes > 1 and scores is not None:
        raise SettingError("--scores keeps the scores of one process; leave out --processes, or --scores")


def _with_progress(sources: list[Source | InTurn]) -> list[Source | InTurn]:
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
        # Only its own: Python drops a signal that has come, but whose handler it finds gone when it looks.
        signal.signal(number, signal.SIG_DFL)
        if stopping.is_set():
            signal.raise_signal(number)
        stopping.set()

    for number in _SIGNALS:
        signal.signal(number, stop)
    return stopping


if __name__ == "__main__":
    part_of_run = Part()
    stream(part_of_run.task.arguments, prog_name="sed-stream", obj=part_of_run)
