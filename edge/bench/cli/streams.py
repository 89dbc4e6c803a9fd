"""`sed-bench streams`: how many sources this machine holds."""

import tempfile
from dataclasses import asdict
from pathlib import Path

import click

from edge.bench.cli.options import Output, Seconds, shared_options
from edge.bench.live import load
from edge.bench.machine import cores, machine
from edge.bench.result import benchmark_result
from edge.bench.results import streams_text
from edge.cli.command_line import SedCommand
from edge.model import Model, window_of

_LEAST_HOPS = 3  # in a trial


@click.command(cls=SedCommand)
@shared_options("model", "provider")
@click.option("--hop", type=float, metavar="S", help="Hop in seconds; no lag may exceed it.  [default: the model's]")
@click.option("--window", type=float, metavar="S", help="Window in seconds.  [default: the model's]")
@shared_options("threads")
@click.option(
    "--seconds",
    type=Seconds(1, 86_400),
    default=60.0,
    show_default=True,
    help="For which the machine must keep up; the search for the number takes shorter trials.",
)
@click.option("--most", type=click.IntRange(min=1), metavar="N", help="Upper limit of sources.  [default: no limit]")
@click.option(
    "--processes",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    metavar="N",
    help="Processes that the sources are spread over, as by sed-stream --processes.",
)
@shared_options("output")
def streams(
    model: Path,
    provider: str,
    hop: float | None,
    window: float | None,
    threads: int,
    seconds: float,
    most: int | None,
    processes: int,
    output: Output,
) -> None:
    """Find how many sources this machine processes in real time.

    FLAC, MP3, Vorbis and Opus files of 48 kHz stereo, each played at its own pace through the whole runtime: decoding,
    resampling, inference, decoding of scores, a log on disk. The machine keeps up while 99 % of the sound is processed
    within one hop, in every source and in every ten seconds, without a gap and without a wider hop.
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
        processes=processes,
    )

    def run(sources: int, tried_seconds: float) -> load.Trial:
        found = load.run_trial(setup, sounds, sources, tried_seconds)
        state = "held" if found.held else f"did not hold: {found.why_not}"
        click.echo(f"sed-bench: {sources} sources for {tried_seconds:g} s: {state}", err=True)
        return found

    with tempfile.TemporaryDirectory() as folder:
        short = max(seconds / 6, _LEAST_HOPS * setup.hop_seconds)
        sounds = load.write_sounds(Path(folder), max(short, seconds))
        largest, tries = load.find_largest(run, load.first_guess(setup, cores()), most, short, seconds)
    result = benchmark_result(
        "streams",
        measured_on,
        model=model.name,
        precision=card.precision,
        provider=provider,
        hop_seconds=setup.hop_seconds,
        window_seconds=setup.window_seconds,
        threads=threads,
        processes=processes,
        seconds=seconds,
        largest=None if largest is None else asdict(largest),
        tries=[asdict(each) for each in tries],
    )
    output.print(result, lambda markdown: streams_text(result, markdown=markdown))
