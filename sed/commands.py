"""`sed-train`, `sed-eval`, `sed-synth`: clips become a checkpoint or scenes, recordings tell how good a model is."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.command_line import SedCommand
from edge.errors import SettingError
from edge.inference import Model

if TYPE_CHECKING:
    from sed.evaluation import Report

_FOLDER = click.Path(path_type=Path)


@click.command(cls=SedCommand)
@click.argument("recipe_path", metavar="RECIPE.toml", type=click.Path(path_type=Path))
@click.option("--data", "data", type=_FOLDER, multiple=True, required=True, help="Folder of clips; may be repeated.")
@click.option("--out", type=_FOLDER, help="Folder for model.ckpt, metrics.csv and last.ckpt.")
@click.option("--validation", type=_FOLDER, multiple=True, help="Folder of recordings to measure the model on.")
@click.option("--resume", is_flag=True, help="Go on with the run in the folder of --out.")
@click.option("--devices", type=click.IntRange(1), default=1, help="Processes on this machine, one a GPU.")
@click.option("--nodes", type=click.IntRange(1), default=1, help="Machines that train together.")
@click.option("--check-data", is_flag=True, help="Read all labels and all audio, print what there is, train nothing.")
@click.version_option(package_name="sed-edge")
def train(
    recipe_path: Path,
    data: tuple[Path, ...],
    out: Path | None,
    validation: tuple[Path, ...],
    resume: bool,
    devices: int,
    nodes: int,
    check_data: bool,
) -> None:
    """Train a detector as RECIPE.toml says, and write it to model.ckpt in the folder of --out.

    On a run that has ended, --resume measures it again, with the decoder settings that the recipe has now.
    """
    if check_data:
        _check_data(recipe_path, data)
        return
    if out is None:
        raise click.UsageError("give --out FOLDER for what the run leaves, or --check-data to look at the data alone")
    from sed.checkpoint import Checkpoint, TorchModel, load_checkpoint, save_checkpoint
    from sed.config import load_recipe
    from sed.data import load_corpus
    from sed.evaluation import evaluate, find_recordings
    from sed.run import RESUME_NAME, fit, require_same_run

    recipe = load_recipe(recipe_path)
    recordings = [recording for folder in validation for recording in find_recordings(folder)]
    finished = out / "model.ckpt"
    if resume and not (finished.exists() or (out / RESUME_NAME).exists()):
        raise SettingError(f"{out}: holds no {RESUME_NAME} to go on from; leave --resume out to start anew")
    if not resume and ((out / RESUME_NAME).exists() or finished.exists()):
        raise SettingError(f"{out}: already holds a run; give --resume to go on with it, or another --out")
    corpus = load_corpus(data, recipe.frontend.sample_rate, recipe.data)
    recipe.require_labels(corpus.labels)
    out.mkdir(parents=True, exist_ok=True)
    if resume and finished.exists():
        before = load_checkpoint(finished)
        require_same_run(before.recipe, before.labels, recipe, corpus.labels)
        detector = before.detector
    else:
        fitted = fit(recipe, corpus, out, resume, devices, nodes)
        if fitted is None:
            return  # the first process goes on
        detector = fitted
    trained = Checkpoint(
        recipe=recipe,
        labels=corpus.labels,
        detector=detector,
        training={
            "description": recipe.description,
            "data": recipe.trained_on,
            "clips": len(corpus.learnt(recipe.data).recordings),
            "seed": recipe.training.seed,
            "steps": recipe.training.steps,
        },
    )
    save_checkpoint(finished, trained)
    if recordings:
        report = evaluate(TorchModel(trained), recordings)
        _print(report)
        names = ", ".join(recording.path.name for recording in recordings)
        measured = dataclasses.replace(trained, validation={"recordings": names, **report.to_dict()})
        save_checkpoint(finished, measured)
    click.echo(f"wrote {finished}; next: sed-export {finished} {recipe.name}.onnx", err=True)


def _check_data(recipe_path: Path, data: tuple[Path, ...]) -> None:
    from sed.config import load_recipe
    from sed.data import load_corpus
    from sed.inventory import inventory

    recipe = load_recipe(recipe_path)
    corpus = load_corpus(data, recipe.frontend.sample_rate, recipe.data)
    for line in inventory(corpus, recipe.frontend.sample_rate):
        click.echo(line)
    recipe.require_labels(corpus.labels)
    corpus.learnt(recipe.data)
    corpus.looked_at(recipe.data)


@click.command(cls=SedCommand)
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--data", type=_FOLDER, multiple=True, required=True, help="Folder of recordings; may be repeated.")
@click.version_option(package_name="sed-edge")
def evaluation(model: Path, data: tuple[Path, ...]) -> None:
    """Print how well MODEL (an .onnx or a model.ckpt) hears the recordings of the folders of --data."""
    from sed.checkpoint import TorchModel, load_checkpoint
    from sed.evaluation import evaluate, find_recordings

    recordings = [recording for folder in data for recording in find_recordings(folder)]
    judged = Model(model) if model.suffix == ".onnx" else TorchModel(load_checkpoint(model))
    _print(evaluate(judged, recordings))


@click.command(cls=SedCommand)
@click.argument("recipe_path", metavar="RECIPE.toml", type=click.Path(path_type=Path))
@click.option("--data", type=_FOLDER, multiple=True, required=True, help="Folder of clips; may be repeated.")
@click.option("--out", type=_FOLDER, required=True, help="Folder for the scenes; new, or empty.")
@click.option("--scenes", type=click.IntRange(1), required=True, help="How many to mix.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="The same one gives the same files.")
@click.option("--folds", type=click.Choice(["validation", "train"]), default="validation", show_default=True)
@click.option("--seconds", type=click.FloatRange(1.0, 3600.0), default=60.0, show_default=True, help="Length of each.")
@click.version_option(package_name="sed-edge")
def synth(
    recipe_path: Path, data: tuple[Path, ...], out: Path, scenes: int, seed: int, folds: str, seconds: float
) -> None:
    """Write scenes as RECIPE.toml mixes them: audio, and the truth as TSV beside it."""
    from sed.config import load_recipe
    from sed.data import load_corpus
    from sed.synth import write_scenes

    recipe = load_recipe(recipe_path)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SettingError(f"{out}: is not empty; choose another --out")
    corpus = load_corpus(data, recipe.frontend.sample_rate, recipe.data)
    chosen = corpus.learnt(recipe.data) if folds == "train" else corpus.looked_at(recipe.data)
    if chosen is None:
        raise SettingError("the recipe has no validation_folds; give --folds train")
    write_scenes(chosen, recipe, out, scenes, seed, seconds)
    click.echo(f"wrote {scenes} scenes of {seconds:g} s to {out}", err=True)


def _print(report: "Report") -> None:
    width = max([len("macro average"), *(len(label) for label in report.event_f1)])
    if report.event_f1:
        figures = report.to_dict()
        click.echo(f"{'':{width}}  event F1  segment F1")
        for label, value in report.event_f1.items():
            click.echo(f"{label:{width}}  {value:8.3f}  {report.segment_f1[label]:10.3f}")
        click.echo(f"{'macro average':{width}}  {figures['event_f1_macro']:8.3f}  {figures['segment_f1_macro']:10.3f}")
    if report.false_alarms_per_hour is not None:
        click.echo(f"{report.false_alarms_per_hour:.0f} events an hour where there are none")
