"""The parts of `python -m benchmarks` that judge what models report; the others measure what they cost."""

import tempfile
from pathlib import Path

import click

from benchmarks.arguments import (
    RECORDING,
    data_option,
    measured_on,
    model_option,
    models_argument,
    recipe_option,
    validation_option,
)
from benchmarks.cost import timing
from edge.cli.command_line import SedCommand
from edge.errors import did_you_mean
from edge.model import Model
from edge.sources import read_audio
from sed.recipe import MAX_SEED


@click.command(cls=SedCommand)
@click.argument("kind", type=click.Choice(["networks", "changes"]))
@recipe_option
@data_option
@validation_option
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
    from benchmarks.judging import decoding, variants
    from sed.data import load_corpus
    from sed.evaluation import read_recordings
    from sed.recipe import load_recipe

    where = measured_on()
    chosen = variants.NETWORKS if kind == "networks" else variants.CHANGES
    for name in only:
        if name not in chosen:
            raise click.BadParameter(f"there is no {name!r} of {kind}{did_you_mean(name, chosen)}", param_hint="--only")
    made = variants.shortened(load_recipe(recipe), steps)
    recordings = read_recordings(validation)
    decoding.require_both(recordings)
    corpus = load_corpus(data, made.frontend.sample_rate, made.data)
    parts = corpus.train_split(made.data), corpus.validation_split(made.data)
    chosen = {name: variant for name, variant in chosen.items() if not only or name in only}
    rows = variants.rows(chosen, [variants.seeded(made, seed) for seed in seeds], parts, recordings, out)
    click.echo(where)
    columns = {"parameters": "parameters", **decoding.COLUMNS}
    if kind == "networks":
        audio = read_audio(RECORDING, made.frontend.sample_rate)
        with tempfile.TemporaryDirectory() as folder:
            cost = timing.measure(variants.costs(made, corpus.labels, audio, Path(folder)), 15)
        rows = {name: [{**one, "ms": cost[name].median} for one in row] for name, row in rows.items()}
        columns = {"ms": "ms per second", **columns}
    click.echo(decoding.table(kind, rows, columns))


@click.command(cls=SedCommand)
@models_argument
@validation_option
def emission(paths: tuple[Path, ...], validation: tuple[Path, ...]) -> None:
    """Which scores of a window are worth most: lookahead, mean of several, length; mean over the models."""
    from benchmarks.judging import decoding
    from sed.cli.models import open_model
    from sed.evaluation import read_recordings

    recordings = read_recordings(validation)
    decoding.require_both(recordings)
    found = [decoding.emission(open_model(path), recordings) for path in paths]
    click.echo(decoding.table("emission", decoding.by_row(found), decoding.COLUMNS))


@click.command(cls=SedCommand)
@models_argument
@validation_option
@click.option("--plot", type=click.Path(path_type=Path), help="Draw it into this PNG.")
def tradeoff(paths: tuple[Path, ...], validation: tuple[Path, ...], plot: Path | None) -> None:
    """Event F1 against false alarms an hour, by settings tuned for at most so many; mean over the models."""
    from benchmarks.judging import decoding
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


@click.command(cls=SedCommand)
@model_option
@validation_option
@click.option("--splits", type=click.IntRange(min=2), default=20, show_default=True)
def promises(model: Path, validation: tuple[Path, ...], splits: int) -> None:
    """Do false alarms stay within what was promised, on kinds of sound that did not choose the settings?

    Folders without events want a subfolder for each kind of sound, or a table that says which kind a file is.
    """
    from benchmarks.judging import decoding
    from benchmarks.judging.promises import split_table
    from sed.cli.models import open_model, warn_if_trained_on
    from sed.evaluation import read_recordings, run_on_recordings

    recordings = read_recordings(validation)
    opened = open_model(model)
    warn_if_trained_on(opened, recordings)
    results = run_on_recordings(opened, recordings)
    decoding.require_both([one.recording for one in results])
    for line in split_table(opened.card, results, splits):
        click.echo(line)


@click.command(cls=SedCommand)
@click.argument("names", metavar="ENCODER...", nargs=-1, required=True)
@click.option("--data", type=click.Path(path_type=Path), required=True, help="Clips of classes, in folds 1 to 4.")
@click.option("--other", type=click.Path(path_type=Path), required=True, help="Clips of other kinds of sound.")
def encoders(names: tuple[str, ...], data: Path, other: Path) -> None:
    """What pretrained encoders know: a linear layer on their vectors learns folds 1 to 3, and is judged on fold 4."""
    import torch

    from benchmarks.judging.encoders import encoder_table

    torch.set_num_threads(1)
    click.echo(measured_on())
    for line in encoder_table(names, data, other):
        click.echo(line)


@click.command(cls=SedCommand)
@model_option
@recipe_option
@click.option(
    "--data", type=click.Path(path_type=Path), multiple=True, required=True, help="A folder per kind of sound."
)
@click.option("--quiet", type=click.Path(path_type=Path), multiple=True, help="Half of it belongs to each night.")
@click.option("--pairs", type=click.IntRange(min=2), default=30, show_default=True, help="Of nights.")
def nights(model: Path, recipe: Path, data: tuple[Path, ...], quiet: tuple[Path, ...], pairs: int) -> None:
    """Does the promise of one quiet night hold in the next? On made nights of sounds that are none of the model's."""
    from benchmarks.judging.nights import Sounds, halves_of, night_table
    from edge.session import read_stretches
    from sed.data import load_corpus
    from sed.recipe import DataConfig, load_recipe

    made, opened = load_recipe(recipe), Model(model, "cpu")
    corpus = load_corpus(data, made.frontend.sample_rate, DataConfig())
    for line in night_table(Sounds(opened, corpus, made), halves_of(read_stretches(opened, quiet)), pairs):
        click.echo(line)


JUDGING = (trainings, emission, tradeoff, promises, encoders, nights)
