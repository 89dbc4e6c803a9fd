"""`sed-train`: trains a detector on labelled clips, writes a checkpoint."""

import dataclasses
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.cli.command_line import SedCommand
from edge.errors import SettingError
from sed.cli.output_paths import require_run_folder
from sed.recipe import MAX_SEED

if TYPE_CHECKING:
    from sed.data import Corpus
    from sed.evaluation import Recording
    from sed.network import Checkpoint, Detector
    from sed.recipe import Recipe


from sed.cli.arguments import FILE, FOLDER
from sed.cli.models import list_names, save_and_report, warn_if_trained_on

_log = logging.getLogger(__name__)


@click.command(cls=SedCommand)
@click.argument("recipe_path", metavar="RECIPE.toml", type=FILE)
@click.option("--data", "data", type=FOLDER, multiple=True, required=True, help="Folder of clips; may be repeated.")
@click.option("--out", type=FOLDER, help="Folder for model.ckpt, metrics.csv and last.ckpt.  [default: runs/RECIPE]")
@click.option("--validation", type=FOLDER, multiple=True, help="Folder of recordings to evaluate the model on.")
@click.option("--final", type=FILE, help="A model.ckpt of this recipe: train on all folds, with its settings.")
@click.option("--start", type=FILE, help="A model.ckpt of a like network, whose weights the training begins with.")
@click.option("--seed", type=click.IntRange(0, MAX_SEED), help="Seed.  [default: the recipe's]")
@click.option("--resume", is_flag=True, help="Resume the run in the folder of --out.")
@click.option("--devices", type=click.IntRange(1), default=1, help="Processes on this machine, one per GPU.")
@click.option("--nodes", type=click.IntRange(1), default=1, help="Machines that train together.")
@click.option("--check-data", is_flag=True, help="Read all labels and audio, print a table of them, do not train.")
@click.option(
    "--model",
    "near_model",
    type=FILE,
    help="With --check-data: also list which other sounds this model takes for a class.",
)
@click.version_option(package_name="sed-edge")
def train(
    recipe_path: Path,
    data: tuple[Path, ...],
    out: Path | None,
    validation: tuple[Path, ...],
    final: Path | None,
    start: Path | None,
    seed: int | None,
    resume: bool,
    devices: int,
    nodes: int,
    check_data: bool,
    near_model: Path | None,
) -> None:
    """Train a detector as RECIPE.toml says, and write it to model.ckpt in the folder of --out.

    After a model has been chosen and tuned on held-out folds, --final MODEL.ckpt trains a final model on all folds,
    with MODEL.ckpt as its reference model. No data is left to evaluate the final model on, so it gets the decoder
    settings and the metrics of the reference model.

    --start MODEL.ckpt begins with the weights of a trained network of the same shape, which takes fewer steps: to add
    sounds that it does not know, or to train on with more data. Of labels that both have it keeps what is known.

    With a finished run, --resume updates its decoder settings to those of the recipe, and evaluates it again.
    """
    if check_data:
        run_options = {
            "--out": out,
            "--resume": resume,
            "--final": final,
            "--start": start,
            "--validation": validation,
        }
        given = [name for name, value in run_options.items() if value]
        if given:
            raise click.UsageError(f"--check-data does not train; leave out {', '.join(given)}")
        _check_data(recipe_path, data)
        if near_model is not None:
            _near_kinds(near_model, data)
        return
    if near_model is not None:
        raise click.UsageError("--model goes with --check-data")
    out = Path("runs") / recipe_path.stem if out is None else out
    if final is not None and validation:
        raise click.UsageError("--final leaves no data to evaluate the model on; leave out --validation")
    from sed.data import load_corpus
    from sed.evaluation import read_recordings
    from sed.recipe import load_recipe

    recipe = load_recipe(recipe_path)
    if seed is not None:
        recipe = dataclasses.replace(recipe, training=dataclasses.replace(recipe.training, seed=seed))
    chosen = None if final is None else _reference_model(final, recipe)
    if chosen is not None:
        recipe = recipe.on_all_folds(chosen.recipe.decoding)
    start_model = None if start is None else _start_model(start, recipe)
    recordings = read_recordings(validation)
    finished = out / "model.ckpt"
    require_run_folder(out, finished, resume)
    # These load Lightning, which takes seconds or may be missing: after the quick checks, before decoding for minutes.
    from sed.network import save_checkpoint
    from sed.training import fit, require_same_labels

    corpus = load_corpus(data, recipe.frontend.sample_rate, recipe.data)
    recipe.require_labels(corpus.labels)
    if chosen is not None:
        require_same_labels(chosen.labels, corpus.labels)
        _warn_of_missing_files(chosen, corpus)
    if finished.exists():
        trained = _with_new_decoding(finished, recipe, corpus)
    else:
        others = len(corpus.distractors)
        click.echo(f"training to detect {list_names(corpus.labels)}; {others} clips are of other sounds", err=True)
        detector = fit(recipe, corpus, out, resume, devices, nodes, start_model)
        if detector is None:
            return  # the first process continues
        trained = _new_checkpoint(recipe, corpus, detector, chosen, start_model)
        save_checkpoint(finished, trained)
    save_and_report(finished, _evaluated(trained, recordings) if recordings else trained)
    if corpus.skipped:
        files = len(corpus.clips) + len(corpus.skipped)
        click.echo(f"{len(corpus.skipped)} of {files} files were skipped, see the warnings above", err=True)


def _reference_model(path: Path, recipe: "Recipe") -> "Checkpoint":
    """The model of --final, whose recipe must be the same."""
    from sed.network import load_checkpoint
    from sed.training import require_same_recipe

    chosen = load_checkpoint(path)
    require_same_recipe(chosen.recipe, recipe)
    return chosen


def _start_model(path: Path, recipe: "Recipe") -> "Checkpoint":
    """The model of --start, whose network must be a like one."""
    from sed.network import load_checkpoint, require_startable

    start = load_checkpoint(path)
    require_startable(start, recipe)
    return start


def _warn_of_missing_files(chosen: "Checkpoint", corpus: "Corpus") -> None:
    """Warn if files that the reference model was trained on are missing, the distractors for instance."""
    from sed.network import file_key

    absent = chosen.training_files - {file_key(clip.path) for clip in corpus.clips}
    if absent and absent != chosen.training_files:  # of all files: they lie elsewhere now
        _log.warning(
            "%d of the %d files that the model of --final was trained on are not in this data; "
            "give every --data that it was trained with",
            len(absent),
            len(chosen.training_files),
        )


def _new_checkpoint(
    recipe: "Recipe",
    corpus: "Corpus",
    detector: "Detector",
    chosen: "Checkpoint | None",
    start: "Checkpoint | None",
) -> "Checkpoint":
    from sed.network import Checkpoint, file_key, make_card

    train_split = corpus.train_split(recipe.data)
    training = {
        "description": recipe.description,
        "data": recipe.trained_on,
        "clips": len(train_split.labelled) - len(train_split.unused(recipe.scenes)),
        "folds": sorted({clip.fold for clip in train_split.clips}),
        "seed": recipe.training.seed,
        "steps": recipe.training.steps,
    }
    training_files = frozenset(file_key(clip.path) for clip in train_split.clips)
    if start is not None:
        training["started_from"] = make_card(start).model_id
        training_files |= start.training_files
    validation = {}
    if chosen is not None and chosen.validation:
        unseen = ", ".join(map(str, chosen.recipe.data.validation_folds))
        validation = {"model": f"reference model, not trained on fold {unseen}", **chosen.validation}
    return Checkpoint(
        recipe=recipe,
        labels=corpus.labels,
        detector=detector,
        training=training,
        validation=validation,
        training_files=training_files,
    )


def _with_new_decoding(finished: Path, recipe: "Recipe", corpus: "Corpus") -> "Checkpoint":
    """A trained detector with the recipe's decoder settings; those of labels that the recipe does not name stay."""
    from sed.network import load_checkpoint
    from sed.training import require_same_labels, require_same_recipe

    before = load_checkpoint(finished)
    require_same_labels(before.labels, corpus.labels)
    require_same_recipe(before.recipe, recipe)
    after = dataclasses.replace(recipe, decoding={**before.recipe.decoding, **recipe.decoding})
    decoding_unchanged = (after.decoding, after.stream) == (before.recipe.decoding, before.recipe.stream)
    validation = before.validation if decoding_unchanged else {}
    texts = {"description": recipe.description, "data": recipe.trained_on}
    return dataclasses.replace(before, recipe=after, training=before.training | texts, validation=validation)


def _evaluated(trained: "Checkpoint", recordings: "Sequence[Recording]") -> "Checkpoint":
    from sed.evaluation import evaluate
    from sed.network import TorchModel
    from sed.report import text_table

    model = TorchModel(trained)
    warn_if_trained_on(model, recordings)
    report = evaluate(model, recordings)
    click.echo(text_table(report))
    names = [recording.path.name for recording in recordings]
    return dataclasses.replace(trained, validation={"recordings": list_names(names), **report.to_dict()})


def _check_data(recipe_path: Path, data: tuple[Path, ...]) -> None:
    from sed.data import inventory_table, load_corpus
    from sed.recipe import load_recipe

    recipe = load_recipe(recipe_path)
    corpus = load_corpus(data, recipe.frontend.sample_rate, recipe.data)
    for line in inventory_table(corpus, recipe):
        click.echo(line)
    recipe.require_labels(corpus.labels)
    training, validation = corpus.train_split(recipe.data), corpus.validation_split(recipe.data)
    training.require_scenes(recipe.scenes)
    if validation is not None:
        validation.require_scenes(recipe.scenes, all_labels=False)


def _near_kinds(path: Path, data: tuple[Path, ...]) -> None:
    """Print which sounds of no event the model takes for its classes."""
    from sed.cli.models import open_model
    from sed.evaluation import read_recordings, run_on_recordings
    from sed.report import near_text

    model = open_model(path)
    others = [one for one in read_recordings(data) if not set(one.labels) & set(model.card.labels)]
    if not others:
        raise SettingError("--model: the data has no other sounds than the model's; add --data of some, a folder each")
    click.echo(near_text(model.card.labels, run_on_recordings(model, others)))
