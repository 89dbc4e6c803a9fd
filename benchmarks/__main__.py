"""`python -m benchmarks`: the figures of docs/benchmarks.md, docs/recipe.md and docs/method.md."""

import os

# Before anything loads a library of linear algebra.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import json
import statistics
import tempfile
from importlib.metadata import version
from pathlib import Path

import click

from benchmarks import process, timing, whole_process
from benchmarks.operators import Cost
from benchmarks.operators import profile as profile_operators
from edge.bench.machine import describe_machine, machine
from edge.cli.command_line import SedCommand
from edge.errors import did_you_mean
from edge.model import Model, shipped_model
from edge.sources import read_audio
from sed.recipe import MAX_SEED

_RECORDING = Path(__file__).parent.parent / "demo" / "recording.ogg"
_RECIPE = Path(__file__).parent.parent / "recipes" / "esc10.toml"

_model_option = click.option(
    "--model", type=click.Path(path_type=Path), default=shipped_model(), help="Model file.  [default: the shipped one]"
)
_models_argument = click.argument("paths", metavar="MODEL...", type=click.Path(path_type=Path), nargs=-1, required=True)
_validation_option = click.option(
    "--validation", type=click.Path(path_type=Path), multiple=True, required=True, help="May be repeated."
)


@click.group()
def benchmarks() -> None:
    """Measure this project on this machine, one core, beside what others run."""


benchmarks.command_class = SedCommand


@benchmarks.command()
@_model_option
@click.option("--rounds", type=click.IntRange(min=9), default=15, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: name, median, low, high.")
def speed(model: Path, rounds: int, as_json: bool) -> None:
    """Cost of a second of audio, from samples to events; every subject in turn in one process."""
    from benchmarks.lineup import lineup

    timing.one_core()
    measured_on = _machine("silero-vad")
    with tempfile.TemporaryDirectory() as folder:
        timings = timing.measure(lineup(model, _RECORDING, Path(folder)), rounds)
    if as_json:
        click.echo(json.dumps({name: found._asdict() for name, found in timings.items()}))
        return
    click.echo(measured_on)
    ours = timings["light, hop 1 s"].median
    click.echo(f"{'ms per second of audio':34} median  half of rounds  times light, hop 1 s")
    for name, (median, low, high) in timings.items():
        click.echo(f"{name:34} {median:6.2f}  {low:6.2f} - {high:6.2f}  {median / ours:8.2f}")
    click.echo(f"{timing.SGEMM}: {timing.gflops(timings[timing.SGEMM]):.0f} GFLOP/s")


@benchmarks.command()
@_model_option
def operators(model: Path) -> None:
    """Where the time of a step goes, and what share of the machine's limit each operator reaches."""
    timing.one_core()
    click.echo(_machine())
    audio = read_audio(_RECORDING, Model(model).card.sample_rate)
    before = timing.sgemm_gflops()
    costs = profile_operators(model, audio)
    limit = max(before, timing.sgemm_gflops())
    total = Cost(sum(cost.microseconds for cost in costs.values()), sum(cost.mflop for cost in costs.values()))
    click.echo(f"{'operator':24} us a step  share  MFLOP  of sgemm's {limit:.0f} GFLOP/s")
    for name, cost in {**costs, "all": total}.items():
        share, reached = cost.microseconds / total.microseconds, 1e3 * cost.mflop / cost.microseconds / limit
        click.echo(
            f"{name:24} {cost.microseconds:9.0f}  {share:5.0%}  {cost.mflop:5.1f}"
            + (f"  {reached:5.0%}" * (reached > 0))
        )


@benchmarks.command(name="process")
@_model_option
@click.option("--rounds", type=click.IntRange(min=3), default=9, show_default=True)
def one_process(model: Path, rounds: int) -> None:
    """Start-up, memory and size of the runtime."""
    timing.one_core()
    click.echo(_machine())
    taken = [process.first_event_seconds(model, _RECORDING) for _ in range(rounds + 1)][1:]  # the first warms caches
    click.echo(
        f"process start to first event: median {statistics.median(taken):.2f} s, worst {max(taken):.2f} s of {rounds}"
    )
    click.echo(f"sed-stream, most memory: {process.command_megabytes(model, _RECORDING):.0f} MB")
    click.echo(f"model file: {model.stat().st_size / 1e6:.2f} MB")


@benchmarks.command()
@_model_option
@click.option("--rounds", type=click.IntRange(min=1), default=5, show_default=True)
@click.option("--seconds", type=click.IntRange(min=20), default=600, show_default=True, help="Of sound, each round.")
@click.option(
    "--live-seconds", type=click.IntRange(min=0), default=120, show_default=True, help="Of live sound; 0 for none."
)
def sources(model: Path, rounds: int, seconds: int, live_seconds: int) -> None:
    """CPU time of the whole sed-stream for a second of sound, by kind of source, measured from outside.

    Files, and in real time a camera (RTSP), a radio (Icecast) and a microphone (PulseAudio), served by this machine.
    """
    click.echo(_machine())
    missing: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        costs = whole_process.measure(model, _RECORDING, Path(folder), rounds, (60, 60 + seconds))
        if live_seconds > 0:
            from benchmarks.live_sources import measure_live

            live, missing = measure_live(model, _RECORDING, Path(folder), (20, 20 + live_seconds))
            costs |= live
    for line in whole_process.table(costs, missing):
        click.echo(line)


@benchmarks.command()
@_model_option
@click.option("--hours", type=click.IntRange(min=2), default=24, show_default=True)
def day(model: Path, hours: int) -> None:
    """Cost and memory hour by hour of a day of audio, pushed through as fast as it goes."""
    timing.one_core()
    click.echo(_machine())
    audio = read_audio(_RECORDING, Model(model).card.sample_rate)
    limit = {timing.SGEMM: timing.sgemm()}
    timing.measure(limit, 1)  # takes its memory
    click.echo("hour  ms a hop  of sgemm    MB")
    for hour, found in enumerate(process.hours(model, audio, hours), start=1):
        product = timing.measure(limit, 9)[timing.SGEMM].median
        click.echo(f"{hour:4d}  {found.milliseconds:8.2f}  {found.milliseconds / product:8.3f}  {found.megabytes:4.0f}")


@benchmarks.command()
@click.option("--recipe", type=click.Path(path_type=Path), default=_RECIPE, help="  [default: recipes/esc10.toml]")
@click.option("--data", type=click.Path(path_type=Path), multiple=True, required=True, help="May be repeated.")
@click.option("--rounds", type=click.IntRange(min=3), default=40, show_default=True)
def training(recipe: Path, data: tuple[Path, ...], rounds: int) -> None:
    """Parts of a training step, a scene each, on one core: does loading keep up with the network?"""
    from benchmarks.throughput import LOADING, parts_of_a_step
    from sed.data import load_corpus
    from sed.recipe import load_recipe

    timing.one_core()
    click.echo(_machine())
    made = load_recipe(recipe)
    corpus = load_corpus(data, made.frontend.sample_rate, made.data).train_split(made.data)
    timings = timing.measure(parts_of_a_step(made, corpus), rounds)
    network = sum(found.median for name, found in timings.items() if name not in LOADING)
    click.echo(f"{'ms per scene':26} median  half of rounds  times the network")
    for name, (median, low, high) in timings.items():
        click.echo(f"{name:26} {median:6.2f}  {low:6.2f} - {high:6.2f}  {median / network:8.3f}")


@benchmarks.command()
@click.argument("kind", type=click.Choice(["networks", "changes"]))
@click.option("--recipe", type=click.Path(path_type=Path), default=_RECIPE, help="  [default: recipes/esc10.toml]")
@click.option("--data", type=click.Path(path_type=Path), multiple=True, required=True, help="May be repeated.")
@_validation_option
@click.option("--out", type=click.Path(path_type=Path), required=True, help="What is there is not trained again.")
@click.option("--steps", type=click.IntRange(10), required=True, help="Of each training.")
@click.option(
    "--seed",
    "seeds",
    type=click.IntRange(0, MAX_SEED),
    multiple=True,
    default=(1,),
    show_default=True,
    help="May be repeated.",
)
@click.option("--only", multiple=True, help="Only the variants of these names; may be repeated.")
def trainings(
    kind: str,
    recipe: Path,
    data: tuple[Path, ...],
    validation: tuple[Path, ...],
    out: Path,
    steps: int,
    seeds: tuple[int, ...],
    only: tuple[str, ...],
) -> None:
    """What parts of the network, or of the recipe, are worth: trainings alike but for one thing. Takes hours.

    What has been trained is kept in --out, so it may be stopped and called again with the same arguments; others want
    another --out. Two may run side by side, each --only with its own variants or with its own --seed.
    """
    from benchmarks import decoding, variants
    from sed.data import load_corpus
    from sed.evaluation import read_recordings
    from sed.recipe import load_recipe

    measured_on = _machine()
    chosen = variants.NETWORKS if kind == "networks" else variants.CHANGES
    for name in only:
        if name not in chosen:
            raise click.BadParameter(f"there is no {name!r} of {kind}{did_you_mean(name, chosen)}", param_hint="--only")
    made = variants.shortened(load_recipe(recipe), steps)
    recordings = read_recordings(validation)
    decoding.require_both(recordings)
    corpus = load_corpus(data, made.frontend.sample_rate, made.data)
    parts = corpus.train_split(made.data), corpus.validation_split(made.data)
    rows = {
        name: [
            variants.figures(variant, variants.seeded(made, seed), parts, recordings, out / f"{name} {seed}")
            for seed in seeds
        ]
        for name, variant in chosen.items()
        if not only or name in only
    }
    click.echo(measured_on)
    columns = {"parameters": "parameters", **decoding.COLUMNS}
    if kind == "networks":
        audio = read_audio(_RECORDING, made.frontend.sample_rate)
        with tempfile.TemporaryDirectory() as folder:
            cost = timing.measure(variants.costs(made, corpus.labels, audio, Path(folder)), 15)
        rows = {name: [{**one, "ms": cost[name].median} for one in row] for name, row in rows.items()}
        columns = {"ms": "ms per second", **columns}
    click.echo(decoding.table(kind, rows, columns))


@benchmarks.command()
@_models_argument
@_validation_option
def emission(paths: tuple[Path, ...], validation: tuple[Path, ...]) -> None:
    """Which scores of a window are worth most: lookahead, mean of several, length; mean over the models."""
    from benchmarks import decoding
    from sed.cli.models import open_model
    from sed.evaluation import read_recordings

    recordings = read_recordings(validation)
    decoding.require_both(recordings)
    found = [decoding.emission(open_model(path), recordings) for path in paths]
    click.echo(decoding.table("emission", decoding.by_row(found), decoding.COLUMNS))


@benchmarks.command()
@_models_argument
@_validation_option
@click.option("--plot", type=click.Path(path_type=Path), help="Draw it into this PNG.")
def tradeoff(paths: tuple[Path, ...], validation: tuple[Path, ...], plot: Path | None) -> None:
    """Event F1 against false alarms an hour, by settings tuned for at most so many; mean over the models."""
    from benchmarks import decoding
    from sed.cli.models import open_model
    from sed.evaluation import read_recordings

    recordings = read_recordings(validation)
    decoding.require_both(recordings)
    found = [decoding.trade_off(open_model(path), recordings) for path in paths]
    columns = {"false_alarms_per_hour": "false alarms/h", **decoding.COLUMNS}
    del columns["quiet_event_f1"]
    click.echo(decoding.table("allowed an hour", decoding.by_row(found), columns))
    if plot is not None:
        decoding.draw_trade_off(found).savefig(plot, dpi=110)


@benchmarks.command()
@_model_option
@_validation_option
@click.option("--splits", type=click.IntRange(min=2), default=20, show_default=True)
def promises(model: Path, validation: tuple[Path, ...], splits: int) -> None:
    """Do false alarms stay within what was promised, on kinds of sound that did not choose the settings?

    Folders without events want a subfolder for each kind of sound, or a table that says which kind a file is.
    """
    from benchmarks import decoding
    from benchmarks.promises import split_table
    from sed.cli.models import open_model, warn_if_trained_on
    from sed.evaluation import read_recordings, run_on_recordings

    recordings = read_recordings(validation)
    opened = open_model(model)
    warn_if_trained_on(opened, recordings)
    results = run_on_recordings(opened, recordings)
    decoding.require_both([one.recording for one in results])
    for line in split_table(opened.card, results, splits):
        click.echo(line)


@benchmarks.command()
@click.argument("names", metavar="ENCODER...", nargs=-1, required=True)
@click.option("--data", type=click.Path(path_type=Path), required=True, help="Clips of classes, in folds 1 to 4.")
@click.option("--other", type=click.Path(path_type=Path), required=True, help="Clips of other kinds of sound.")
def encoders(names: tuple[str, ...], data: Path, other: Path) -> None:
    """What pretrained encoders know: a linear layer on their vectors learns folds 1 to 3, and is judged on fold 4."""
    import torch

    from benchmarks.encoders import figures
    from sed.recipe import load_encoder

    torch.set_num_threads(1)
    click.echo(_machine())
    click.echo(f"{'vectors':24}  clips  AUROC  FPR90")
    for name in ("log-mel statistics", *names):
        found = figures(None if name == "log-mel statistics" else load_encoder(name, Path()), data, other)
        click.echo(f"{name:24}  {found['clips']:5.3f}  {found['auroc']:5.3f}  {found['fpr90']:5.3f}")


@benchmarks.command()
@_model_option
@click.option("--recipe", type=click.Path(path_type=Path), default=_RECIPE, help="  [default: recipes/esc10.toml]")
@click.option(
    "--data", type=click.Path(path_type=Path), multiple=True, required=True, help="A folder per kind of sound."
)
@click.option("--quiet", type=click.Path(path_type=Path), multiple=True, help="Half of it belongs to each night.")
@click.option("--pairs", type=click.IntRange(min=2), default=30, show_default=True, help="Of nights.")
def nights(model: Path, recipe: Path, data: tuple[Path, ...], quiet: tuple[Path, ...], pairs: int) -> None:
    """Does the promise of one quiet night hold in the next? On made nights of sounds that are none of the model's."""
    from benchmarks.nights import Sounds, halves_of, night_table
    from edge.session import read_stretches
    from sed.data import load_corpus
    from sed.recipe import DataConfig, load_recipe

    made, opened = load_recipe(recipe), Model(model, "cpu")
    corpus = load_corpus(data, made.frontend.sample_rate, DataConfig())
    for line in night_table(Sounds(opened, corpus, made), halves_of(read_stretches(opened, quiet)), pairs):
        click.echo(line)


def _machine(*packages: str) -> str:
    """The machine, to be asked for before it is busy; also the versions of these."""
    found = machine()
    found["versions"] |= {package: version(package) for package in packages}
    return describe_machine(found)


if __name__ == "__main__":
    benchmarks(prog_name="python -m benchmarks")
