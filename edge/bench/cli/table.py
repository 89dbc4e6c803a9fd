"""`sed-bench`, but for the part that needs torch."""

import json
import math
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from edge.bench import load
from edge.bench.combinations import combinations
from edge.bench.latency import of_file, of_microphone, write_recording
from edge.bench.machine import cores, machine
from edge.bench.options import (
    Seconds,
    call_threads_option,
    commas,
    json_option,
    markdown_option,
    progress,
    rounds_option,
)
from edge.bench.sessions import PROVIDERS, usual_providers
from edge.bench.show import latency_text, streams_text, table_text
from edge.bench.table import SCHEMA, measure_all
from edge.card import PRECISIONS
from edge.command_line import SedCommand
from edge.errors import SedError, SourceError
from edge.inference import Model, shipped_model
from edge.stream import window_of

_LEAST_HOPS = 3  # that a try must see


class _Group(click.Group):
    """Where no part is named, `table` is meant."""

    command_class = SedCommand

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ("--help", "--version")):
            if args and not args[0].startswith("-") and not Path(args[0]).suffix and not Path(args[0]).exists():
                ctx.fail(f"{args[0]!r} is neither a file nor one of {', '.join(self.commands)}")
            args = ["table", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Group)
@click.version_option(package_name="sed-edge")
def bench() -> None:
    """Measure what runs where on this machine, how fast, and how much it can take.

    sed-bench MODEL... is short for sed-bench table MODEL...; see sed-bench table --help.
    """


_model_option = click.option(
    "--model", type=click.Path(path_type=Path), default=shipped_model(), help="Model file.  [default: the shipped one]"
)
_provider_option = click.option(
    "--provider", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True, help="What runs the model."
)


@bench.command()
@click.argument("models", metavar="[MODEL]...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--provider",
    "providers",
    **commas(click.Choice(list(PROVIDERS)), metavar="A,B"),
    help=f"Of {', '.join(PROVIDERS)}.  [default: cpu, cuda, and the others that are installed]",
)
@click.option(
    "--precision",
    "precisions",
    **commas(click.Choice(PRECISIONS), metavar="A,B"),
    help="Only the MODELs in these; a file has one.  [default: all]",
)
@click.option("--hop", "hops", **commas(click.FLOAT, metavar="S,S"), help="Seconds.  [default: the model's]")
@click.option("--window", "windows", **commas(click.FLOAT, metavar="S,S"), help="Seconds.  [default: the model's]")
@click.option(
    "--threads",
    **commas(click.IntRange(1, 256), metavar="N,N", default="1"),
    show_default=True,
    help="That one step may use.",
)
@click.option(
    "--streams",
    **commas(click.IntRange(1, 4096), metavar="N,N", default="1"),
    show_default=True,
    help="That step together, in one call of the graph.",
)
@rounds_option
@click.option(
    "--require",
    **commas(click.Choice(list(PROVIDERS)), metavar="A,B"),
    help="Fail if these do not run.  [default: none]",
)
@click.option("--nodes", "with_nodes", is_flag=True, help="Name each node and what ran it.  [default: only how many]")
@json_option
@markdown_option
@click.option("--plot", type=click.Path(path_type=Path), metavar="FOLDER", help="Draw pictures into FOLDER.")
def table(
    models: tuple[Path, ...],
    providers: list[str] | None,
    precisions: list[str] | None,
    hops: list[float] | None,
    windows: list[float] | None,
    threads: list[int],
    streams: list[int],
    rounds: int,
    require: list[str] | None,
    with_nodes: bool,
    as_json: bool,
    markdown: bool,
    plot: Path | None,
) -> None:
    """Measure the steps of each MODEL (.onnx files; the shipped one unless named) in every combination.

    A step is one call of the graph and the decoding of what it emits, of noise in which nothing is heard. All
    combinations take turns, round after round, beside a product of matrices (sgemm): compare runs by the column "of
    sgemm", on the same machine. A provider that cannot be had is named with the reason, which is no failure unless
    --require names it.
    """
    if plot is not None:
        from edge.bench.plot import draw_table

        plot.mkdir(parents=True, exist_ok=True)
    require = require or []
    chosen = combinations(
        models or [shipped_model()],
        providers=list(dict.fromkeys([*(usual_providers() if providers is None else providers), *require])),
        precisions=precisions or [],
        hops=hops or [None],
        windows=windows or [None],
        threads=threads,
        streams=streams,
    )
    found = measure_all(chosen, rounds, progress)
    click.echo(
        json.dumps(found.to_dict(), ensure_ascii=False)
        if as_json
        else table_text(found, markdown=markdown, with_nodes=with_nodes)
    )
    if plot is not None:
        for path in draw_table(found, plot):
            click.echo(f"sed-bench: wrote {path}", err=True)
    missing = [f"{each['provider']} ({each['reason']})" for each in found.unmeasured if each["provider"] in require]
    if missing:
        click.echo(f"sed-bench: --require: not measured: {'; '.join(missing)}", err=True)
        sys.exit(1)


@bench.command()
@_model_option
@_provider_option
@click.option("--hop", type=float, metavar="S", help="Seconds; no lag may be greater.  [default: the model's]")
@click.option("--window", type=float, metavar="S", help="Seconds.  [default: the model's]")
@call_threads_option
@click.option(
    "--seconds",
    type=Seconds(1, 86_400),
    default=60.0,
    show_default=True,
    help="For which the machine must keep up; the number is looked for by shorter tries.",
)
@click.option("--most", type=click.IntRange(min=1), metavar="N", help="Try no more sources.  [default: no limit]")
@json_option
@markdown_option
def streams(
    model: Path,
    provider: str,
    hop: float | None,
    window: float | None,
    threads: int,
    seconds: float,
    most: int | None,
    as_json: bool,
    markdown: bool,
) -> None:
    """Find how many sources this machine holds in real time.

    Files of 48 kHz, each played at its own pace through the whole runtime: decoding, resampling, inference, decoding
    of scores, a log on disk. The machine keeps up while 99 % of the sound is worked on within one hop, in every source
    and in every ten seconds, without a gap and without a hop that widens.
    """
    measured_on = machine()
    card = Model(model, provider, threads).card
    frames = window_of(card, window, hop)
    setup = load.Setup(
        model=str(model),
        provider=provider,
        threads=threads,
        window_seconds=round(frames.window_frames * card.frame_seconds, 6),
        hop_seconds=round(frames.hop_frames * card.frame_seconds, 6),
    )

    def run(sources: int, tried_seconds: float) -> load.Try:
        found = load.try_sources(setup, sound, sources, tried_seconds)
        state = "held" if found.held else f"did not hold: {found.why_not}"
        click.echo(f"sed-bench: {sources} sources for {tried_seconds:g} s: {state}", err=True)
        return found

    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder) / "sound.flac"
        short = max(seconds / 6, _LEAST_HOPS * setup.hop_seconds)
        load.write_sound(sound, max(short, seconds))
        largest, tries = load.find_largest(run, load.first_guess(setup, cores()), most, short, seconds)
    result = {
        "benchmark": "streams",
        "schema": SCHEMA,
        "machine": measured_on,
        "model": model.name,
        "precision": card.precision,
        "provider": provider,
        "hop_seconds": setup.hop_seconds,
        "window_seconds": setup.window_seconds,
        "threads": threads,
        "seconds": seconds,
        "largest": None if largest is None else asdict(largest),
        "tries": [asdict(each) for each in tries],
    }
    click.echo(json.dumps(result, ensure_ascii=False) if as_json else streams_text(result, markdown=markdown))


@bench.command()
@click.argument("recording", type=click.Path(path_type=Path))
@_model_option
@click.option(
    "--hop", "hops", **commas(click.FLOAT, metavar="S,S", default="0.25,1"), show_default=True, help="Seconds."
)
@click.option("--seconds", type=Seconds(1, 86_400), metavar="S", help="Of RECORDING, to play.  [default: all]")
@json_option
@markdown_option
def latency(
    recording: Path, model: Path, hops: list[float], seconds: float | None, as_json: bool, markdown: bool
) -> None:
    """Play RECORDING, which holds sounds that the model knows, and measure how soon the log tells of them.

    Once as a file in real time, and once by PulseAudio, where it runs, to a microphone: a sink that is there for the
    while only, so that nothing sounds.
    """
    measured_on, opened = machine(), Model(model, "cpu")
    rows: list[dict[str, Any]] = []
    unmeasured: list[dict[str, str]] = []
    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder) / "sound.wav"
        write_recording(recording, sound, math.inf if seconds is None else seconds)
        for hop in hops:
            waits, events = of_file(sound, opened, hop)
            if not waits.events:
                raise SourceError(
                    f"{recording}: no event both begins and ends in it at a hop of {hop:g} s; play another"
                )
            rows.append({"source": "file", "hop_seconds": hop, **waits.figures()})
            if unmeasured:
                continue
            try:
                waits = of_microphone(sound, opened, hop, events)
                rows.append({"source": "mic", "hop_seconds": hop, **waits.figures()})
            except SedError as exc:
                unmeasured.append({"source": "mic", "reason": str(exc)})
    result = {
        "benchmark": "latency",
        "schema": SCHEMA,
        "machine": measured_on,
        "model": model.name,
        "rows": rows,
        "unmeasured": unmeasured,
    }
    click.echo(json.dumps(result, ensure_ascii=False) if as_json else latency_text(result, markdown=markdown))
