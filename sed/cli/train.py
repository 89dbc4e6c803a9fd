"""`sed-train`: labelled clips in, a checkpoint out."""

import dataclasses
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.cli.command_line import SedCommand
from sed.cli.places import require_run
from sed.recipe import MAX_SEED

if TYPE_CHECKING:
    from sed.data import Corpus
    from sed.evaluation import Recording
    from sed.network import Checkpoint, Detector
    from sed.recipe import Recipe


from sed.cli.arguments import FILE, FOLDER
from sed.cli.models import recordings_in_words, save_and_tell, warn_if_trained_on

_log = logging.getLogger(__name__)


_MOST_NAMES = 20


@click.command(cls=SedCommand)
@click.argument("recipe_path", metavar="RECIPE.toml", type=FILE)
@click.option("--data", "data", type=FOLDER, multiple=True, required=True, help="Folder of clips; may be repeated.")
@click.option("--out", type=FOLDER, help="Folder for model.ckpt, metrics.csv and last.ckpt.")
@click.option("--validation", type=FOLDER, multiple=True, help="Folder of recordings to measure the model on.")
@click.option("--final", type=FILE, help="A model.ckpt of this recipe: learn from all folds, with its settings.")
@click.option("--seed", type=click.IntRange(0, MAX_SEED), help="Seed.  [default: the recipe's]")
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
    final: Path | None,
    seed: int | None,
    resume: bool,
    devices: int,
    nodes: int,
    check_data: bool,
) -> None:
    """Train a detector as RECIPE.toml says, and write it to model.ckpt in the folder of --out.

    Once a model has been chosen and tuned on folds that it did not learn from, --final MODEL.ckpt trains the like of it
    on all folds. Nothing is left to measure that one on: it takes the decoder settings and the figures of the other.

    On a run that has ended, --resume gives it the decoder settings that the recipe states, and measures it again.
    """
    if check_data:
        of_a_run = {"--out": out, "--resume": resume, "--final": final, "--validation": validation}
        given = [name for name, value in of_a_run.items() if value]
        if given:
            raise click.UsageError(f"--check-data trains nothing; leave out {', '.join(given)}")
        _check_data(recipe_path, data)
        return
    if out is None:
        raise click.UsageError("give --out FOLDER for what the run leaves, or --check-data to look at the data alone")
    if final is not None and validation:
        raise click.UsageError("--final leaves nothing to measure the model on; leave out --validation")
    from sed.data import load_corpus
    from sed.evaluation import read_recordings
    from sed.recipe import load_recipe

    recipe = load_recipe(recipe_path)
    if seed is not None:
        recipe = dataclasses.replace(recipe, training=dataclasses.replace(recipe.training, seed=seed))
    chosen = None if final is None else _chosen(final, recipe)
    if chosen is not None:
        recipe = recipe.on_all_folds(chosen.recipe.decoding)
    recordings = read_recordings(validation)
    finished = out / "model.ckpt"
    require_run(out, finished, resume)
    # They load Lightning, which takes seconds or may be missing: after what is quick, before what decodes for minutes.
    from sed.network import save_checkpoint
    from sed.training import fit, require_same_labels

    corpus = load_corpus(data, recipe.frontend.sample_rate, recipe.data)
    recipe.require_labels(corpus.labels)
    if chosen is not None:
        require_same_labels(chosen.labels, corpus.labels)
        _warn_of_missing_files(chosen, corpus)
    if finished.exists():
        trained = _with_settings(finished, recipe, corpus)
    else:
        others = len(corpus.distractors)
        click.echo(f"learns to hear {_some(corpus.labels)}; {others} clips are of other sounds", err=True)
        detector = fit(recipe, corpus, out, resume, devices, nodes)
        if detector is None:
            return  # the first process goes on
        trained = _trained(recipe, corpus, detector, chosen)
        save_checkpoint(finished, trained)
    save_and_tell(finished, _measured(trained, recordings) if recordings else trained)
    if corpus.skipped:
        files = len(corpus.clips) + len(corpus.skipped)
        click.echo(f"{len(corpus.skipped)} of {files} files were skipped, as said at the beginning", err=True)


def _chosen(path: Path, recipe: "Recipe") -> "Checkpoint":
    """The model whose like is to learn from all folds."""
    from sed.network import load_checkpoint
    from sed.training import require_same_recipe

    chosen = load_checkpoint(path)
    require_same_recipe(chosen.recipe, recipe)
    return chosen


def _warn_of_missing_files(chosen: "Checkpoint", corpus: "Corpus") -> None:
    """What learns from less, without the distractors for instance, is not the like of the chosen one."""
    from sed.network import file_key

    absent = chosen.training_files - {file_key(clip.path) for clip in corpus.clips}
    if absent and absent != chosen.training_files:  # of all files: they lie elsewhere now
        _log.warning(
            "%d of the %d files that the model of --final learnt from are not in this data; "
            "give every --data that it was trained with",
            len(absent),
            len(chosen.training_files),
        )


def _trained(recipe: "Recipe", corpus: "Corpus", detector: "Detector", chosen: "Checkpoint | None") -> "Checkpoint":
    from sed.network import Checkpoint, file_key

    learnt = corpus.train_split(recipe.data)
    training = {
        "description": recipe.description,
        "data": recipe.trained_on,
        "clips": len(learnt.labelled) - len(learnt.unused(recipe.scenes)),
        "folds": sorted({clip.fold for clip in learnt.clips}),
        "seed": recipe.training.seed,
        "steps": recipe.training.steps,
    }
    validation = {}
    if chosen is not None and chosen.validation:
        unseen = ", ".join(map(str, chosen.recipe.data.validation_folds))
        validation = {"model": f"the like of it, not trained on fold {unseen}", **chosen.validation}
    return Checkpoint(
        recipe=recipe,
        labels=corpus.labels,
        detector=detector,
        training=training,
        validation=validation,
        training_files=frozenset(file_key(clip.path) for clip in learnt.clips),
    )


def _with_settings(finished: Path, recipe: "Recipe", corpus: "Corpus") -> "Checkpoint":
    """A trained detector with the recipe's decoder settings; those that only it has, such as tuned ones, stay."""
    from sed.network import load_checkpoint
    from sed.training import require_same_labels, require_same_recipe

    before = load_checkpoint(finished)
    require_same_labels(before.labels, corpus.labels)
    require_same_recipe(before.recipe, recipe)
    after = dataclasses.replace(recipe, decoding={**before.recipe.decoding, **recipe.decoding})
    heard_alike = (after.decoding, after.stream) == (before.recipe.decoding, before.recipe.stream)
    validation = before.validation if heard_alike else {}
    texts = {"description": recipe.description, "data": recipe.trained_on}
    return dataclasses.replace(before, recipe=after, training=before.training | texts, validation=validation)


def _measured(trained: "Checkpoint", recordings: "Sequence[Recording]") -> "Checkpoint":
    from sed.evaluation import evaluate
    from sed.network import TorchModel
    from sed.report import text_table

    model = TorchModel(trained)
    warn_if_trained_on(model, recordings)
    report = evaluate(model, recordings)
    click.echo(text_table(report))
    return dataclasses.replace(trained, validation={"recordings": recordings_in_words(recordings), **report.to_dict()})


def _check_data(recipe_path: Path, data: tuple[Path, ...]) -> None:
    from sed.data import inventory_table, load_corpus
    from sed.recipe import load_recipe

    recipe = load_recipe(recipe_path)
    corpus = load_corpus(data, recipe.frontend.sample_rate, recipe.data)
    for line in inventory_table(corpus, recipe):
        click.echo(line)
    recipe.require_labels(corpus.labels)
    learnt = corpus.train_split(recipe.data)
    looked_at = corpus.validation_split(recipe.data)
    learnt.require_scenes(recipe.scenes)
    if looked_at is not None:
        looked_at.require_scenes(recipe.scenes, all_labels=False)


def _some(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
