"""The parts of `python -m benchmarks` that measure what things cost."""

import json
import statistics
import tempfile
from pathlib import Path

import click

from benchmarks.arguments import RECORDING, data_option, measured_on, model_option, recipe_option
from benchmarks.cost import process, timing, whole_process
from benchmarks.cost.operators import operator_table
from benchmarks.cost.operators import profile as profile_operators
from edge.cli.command_line import SedCommand
from edge.model import Model
from edge.sources import read_audio


@click.command(cls=SedCommand)
@model_option
@click.option("--rounds", type=click.IntRange(min=9), default=15, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: name, median, low, high.")
def speed(model: Path, rounds: int, as_json: bool) -> None:
    """Cost of a second of audio, from samples to events; every subject in turn in one process."""
    from benchmarks.cost.lineup import lineup

    timing.one_core()
    where = measured_on("silero-vad")
    with tempfile.TemporaryDirectory() as folder:
        timings = timing.measure(lineup(model, RECORDING, Path(folder)), rounds)
    if as_json:
        click.echo(json.dumps({name: found._asdict() for name, found in timings.items()}))
        return
    click.echo(where)
    ours = timings["light, hop 1 s"].median
    click.echo(f"{'ms per second of audio':34} median  half of rounds  times light, hop 1 s")
    for name, found in timings.items():
        click.echo(f"{name:34} {found}  {found.median / ours:8.2f}")
    click.echo(f"{timing.SGEMM}: {timing.gflops(timings[timing.SGEMM]):.0f} GFLOP/s")


@click.command(cls=SedCommand)
@model_option
def operators(model: Path) -> None:
    """Where the time of a step goes, and what share of the machine's limit each operator reaches."""
    timing.one_core()
    click.echo(measured_on())
    audio = read_audio(RECORDING, Model(model).card.sample_rate)
    before = timing.sgemm_gflops()
    costs = profile_operators(model, audio)
    limit = max(before, timing.sgemm_gflops())
    for line in operator_table(costs, limit):
        click.echo(line)


@click.command(cls=SedCommand, name="process")
@model_option
@click.option("--rounds", type=click.IntRange(min=3), default=9, show_default=True)
def one_process(model: Path, rounds: int) -> None:
    """Start-up, memory and size of the runtime."""
    timing.one_core()
    click.echo(measured_on())
    taken = [process.first_event_seconds(model, RECORDING) for _ in range(rounds + 1)][1:]  # the first warms caches
    click.echo(
        f"process start to first event: median {statistics.median(taken):.2f} s, worst {max(taken):.2f} s of {rounds}"
    )
    click.echo(f"sed-stream, most memory: {process.command_megabytes(model, RECORDING):.0f} MB")
    click.echo(f"model file: {model.stat().st_size / 1e6:.2f} MB")


@click.command(cls=SedCommand)
@model_option
@click.option("--rounds", type=click.IntRange(min=1), default=5, show_default=True)
@click.option("--seconds", type=click.IntRange(min=20), default=600, show_default=True, help="Of sound, each round.")
@click.option(
    "--live-seconds", type=click.IntRange(min=0), default=120, show_default=True, help="Of live sound; 0 for none."
)
def sources(model: Path, rounds: int, seconds: int, live_seconds: int) -> None:
    """CPU time of the whole sed-stream for a second of sound, by kind of source, measured from outside.

    Files, and in real time a camera (RTSP), a radio (Icecast) and a microphone (PulseAudio), served by this machine.
    """
    click.echo(measured_on())
    missing: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        costs = whole_process.measure(model, RECORDING, Path(folder), rounds, (60, 60 + seconds))
        if live_seconds > 0:
            from benchmarks.cost.live_sources import measure_live

            live, missing = measure_live(model, RECORDING, Path(folder), (20, 20 + live_seconds))
            costs |= live
    for line in whole_process.table(costs, missing):
        click.echo(line)


@click.command(cls=SedCommand)
@model_option
@click.option("--hours", type=click.IntRange(min=2), default=24, show_default=True)
def day(model: Path, hours: int) -> None:
    """Cost and memory hour by hour of a day of audio, pushed through as fast as it goes."""
    timing.one_core()
    click.echo(measured_on())
    audio = read_audio(RECORDING, Model(model).card.sample_rate)
    limit = {timing.SGEMM: timing.sgemm()}
    timing.measure(limit, 1)  # takes its memory
    click.echo("hour  ms a hop  of sgemm    MB")
    for hour, found in enumerate(process.hours(model, audio, hours), start=1):
        product = timing.measure(limit, 9)[timing.SGEMM].median
        click.echo(f"{hour:4d}  {found.milliseconds:8.2f}  {found.milliseconds / product:8.3f}  {found.megabytes:4.0f}")


@click.command(cls=SedCommand)
@recipe_option
@data_option
@click.option("--rounds", type=click.IntRange(min=3), default=40, show_default=True)
def training(recipe: Path, data: tuple[Path, ...], rounds: int) -> None:
    """Parts of a training step, a scene each, on one core: does loading keep up with the network?"""
    from benchmarks.cost.throughput import LOADING, parts_of_a_step
    from sed.data import load_corpus
    from sed.recipe import load_recipe

    timing.one_core()
    click.echo(measured_on())
    made = load_recipe(recipe)
    corpus = load_corpus(data, made.frontend.sample_rate, made.data).train_split(made.data)
    timings = timing.measure(parts_of_a_step(made, corpus), rounds)
    network = sum(found.median for name, found in timings.items() if name not in LOADING)
    click.echo(f"{'ms per scene':26} median  half of rounds  times the network")
    for name, found in timings.items():
        click.echo(f"{name:26} {found}  {found.median / network:8.3f}")


COST = (speed, operators, one_process, sources, day, training)
