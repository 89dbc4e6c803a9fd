"""`sed-train`, `sed-eval`, `sed-tune`, `sed-synth`: clips become a checkpoint or scenes, recordings judge it."""

import dataclasses
import json
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.command_line import SedCommand
from edge.errors import SettingError
from edge.inference import Model
from sed.places import require_folder, require_free, require_run, require_writable
from sed.training_config import MOST_SEED

if TYPE_CHECKING:
    from edge.stream import StepModel
    from sed.checkpoint import Checkpoint
    from sed.config import Recipe
    from sed.data import Corpus
    from sed.model import Detector
    from sed.recordings import Recording


_log = logging.getLogger(__name__)

_MOST_NAMES = 20


class _GivenPath(click.Path):
    """A path, and not an empty one, which would be the current folder."""

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        """See `click.Path.convert`."""
        if os.fspath(value) == "":
            self.fail("is empty; give a path, or . for the current folder", param, ctx)
        return super().convert(value, param, ctx)


_FOLDER = _FILE = _GivenPath(path_type=Path)


@click.command(cls=SedCommand)
@click.argument("recipe_path", metavar="RECIPE.toml", type=_FILE)
@click.option("--data", "data", type=_FOLDER, multiple=True, required=True, help="Folder of clips; may be repeated.")
@click.option("--out", type=_FOLDER, help="Folder for model.ckpt, metrics.csv and last.ckpt.")
@click.option("--validation", type=_FOLDER, multiple=True, help="Folder of recordings to measure the model on.")
@click.option("--final", type=_FILE, help="A model.ckpt of this recipe: learn from all folds, with its settings.")
@click.option("--seed", type=click.IntRange(0, MOST_SEED), help="Seed.  [default: the recipe's]")
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
    from sed.config import load_recipe
    from sed.data import load_corpus
    from sed.recordings import recordings_of

    recipe = load_recipe(recipe_path)
    if seed is not None:
        recipe = dataclasses.replace(recipe, training=dataclasses.replace(recipe.training, seed=seed))
    chosen = None if final is None else _chosen(final, recipe)
    if chosen is not None:
        recipe = recipe.on_all_folds(chosen.recipe.decoding)
    recordings = recordings_of(validation)
    finished = out / "model.ckpt"
    require_run(out, finished, resume)
    # They load Lightning, which takes seconds or may be missing: after what is quick, before what decodes for minutes.
    from sed.checkpoint import save_checkpoint
    from sed.run import fit, require_same_labels

    corpus = load_corpus(data, recipe.frontend.sample_rate, recipe.data)
    recipe.require_labels(corpus.labels)
    if chosen is not None:
        require_same_labels(chosen.labels, corpus.labels)
        _tell_of_absent(chosen, corpus)
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
    _write(finished, _measured(trained, recordings) if recordings else trained)
    if corpus.skipped:
        files = len(corpus.clips) + len(corpus.skipped)
        click.echo(f"{len(corpus.skipped)} of {files} files were skipped, as said at the beginning", err=True)


def _chosen(path: Path, recipe: "Recipe") -> "Checkpoint":
    """The model whose like is to learn from all folds."""
    from sed.checkpoint import load_checkpoint
    from sed.run import require_same_recipe

    chosen = load_checkpoint(path)
    require_same_recipe(chosen.recipe, recipe)
    return chosen


def _tell_of_absent(chosen: "Checkpoint", corpus: "Corpus") -> None:
    """What learns from less, without the distractors for instance, is not the like of the chosen one."""
    from sed.checkpoint import file_key

    absent = chosen.learnt - {file_key(clip.path) for clip in corpus.clips}
    if absent and absent != chosen.learnt:  # of all files: they lie elsewhere now
        _log.warning(
            "%d of the %d files that the model of --final learnt from are not in this data; "
            "give every --data that it was trained with",
            len(absent),
            len(chosen.learnt),
        )


def _trained(recipe: "Recipe", corpus: "Corpus", detector: "Detector", chosen: "Checkpoint | None") -> "Checkpoint":
    from sed.checkpoint import Checkpoint, file_key

    learnt = corpus.learnt(recipe.data)
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
        learnt=frozenset(file_key(clip.path) for clip in learnt.clips),
    )


def _with_settings(finished: Path, recipe: "Recipe", corpus: "Corpus") -> "Checkpoint":
    """A trained detector with the recipe's decoder settings; those that only it has, such as tuned ones, stay."""
    from sed.checkpoint import load_checkpoint
    from sed.run import require_same_labels, require_same_recipe

    before = load_checkpoint(finished)
    require_same_labels(before.labels, corpus.labels)
    require_same_recipe(before.recipe, recipe)
    after = dataclasses.replace(recipe, decoding={**before.recipe.decoding, **recipe.decoding})
    heard_alike = (after.decoding, after.stream) == (before.recipe.decoding, before.recipe.stream)
    validation = before.validation if heard_alike else {}
    texts = {"description": recipe.description, "data": recipe.trained_on}
    return dataclasses.replace(before, recipe=after, training=before.training | texts, validation=validation)


def _measured(trained: "Checkpoint", recordings: "Sequence[Recording]") -> "Checkpoint":
    from sed.checkpoint import TorchModel
    from sed.evaluation import evaluate
    from sed.summary import text_table

    model = TorchModel(trained)
    _tell_of_learnt(model, recordings)
    report = evaluate(model, recordings)
    click.echo(text_table(report))
    return dataclasses.replace(trained, validation={"recordings": _names(recordings), **report.to_dict()})


def _check_data(recipe_path: Path, data: tuple[Path, ...]) -> None:
    from sed.config import load_recipe
    from sed.data import load_corpus
    from sed.inventory import inventory

    recipe = load_recipe(recipe_path)
    corpus = load_corpus(data, recipe.frontend.sample_rate, recipe.data)
    for line in inventory(corpus, recipe):
        click.echo(line)
    recipe.require_labels(corpus.labels)
    learnt = corpus.learnt(recipe.data)
    looked_at = corpus.looked_at(recipe.data)
    learnt.require_scenes(recipe.scenes)
    if looked_at is not None:
        looked_at.require_scenes(recipe.scenes, all_labels=False)


@click.command(cls=SedCommand)
@click.argument("model", type=_FILE)
@click.option("--data", type=_FOLDER, multiple=True, required=True, help="Folder of recordings; may be repeated.")
@click.option("--fold", "folds", type=int, multiple=True, help="Only clips of this fold; may be repeated.")
@click.option("--json", "json_path", type=_FILE, help="File for all figures, events and truth as JSON.")
@click.option("--report", "report_path", type=_FILE, help="File for a page with tables and pictures (.html).")
@click.option("--pictures", type=_FOLDER, help="Folder for these pictures as PNG files.")
@click.option("--force", is_flag=True, help="Write over what is there.")
@click.version_option(package_name="sed-edge")
def evaluation(
    model: Path,
    data: tuple[Path, ...],
    folds: tuple[int, ...],
    json_path: Path | None,
    report_path: Path | None,
    pictures: Path | None,
    force: bool,
) -> None:
    """Print how well MODEL (an .onnx or a model.ckpt) hears the recordings of the folders of --data."""
    for path in (json_path, report_path):
        if path is not None:
            require_free(path, force)
    if report_path is not None and report_path.suffix.lower() not in (".html", ".htm"):
        raise SettingError(
            f"{report_path}: the report is a page; name it .html, or give --pictures FOLDER for PNG files"
        )
    if json_path is not None and report_path is not None and json_path.resolve() == report_path.resolve():
        raise SettingError(f"{report_path}: is given to --json and to --report; give each a file of its own")
    if pictures is not None:
        require_folder(pictures, force)
    from sed.evaluation import evaluate
    from sed.recordings import recordings_of
    from sed.report import html_page, save_pictures, sections
    from sed.summary import everything, text_table

    recordings = recordings_of(data, folds)
    judged = open_model(model)
    _tell_of_learnt(judged, recordings)
    report = evaluate(judged, recordings)
    click.echo(text_table(report))
    if json_path is not None:
        values = {"model": judged.card.model_id, **everything(report)}
        json_path.write_text(json.dumps(values, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if report_path is None and pictures is None:
        return
    drawn = sections(judged.card, report)
    if report_path is not None:
        report_path.write_text(html_page(judged.card, report, drawn), encoding="utf-8")
    if pictures is not None:
        save_pictures(drawn, pictures)


@click.command(cls=SedCommand)
@click.argument("model", type=_FILE)
@click.option("--data", type=_FOLDER, multiple=True, required=True, help="Folder of recordings; may be repeated.")
@click.option("--fold", "folds", type=int, multiple=True, help="Only clips of this fold; may be repeated.")
@click.option(
    "--aim",
    "aim_text",
    default="event-f1",
    show_default=True,
    metavar="AIM",
    help="event-f1 (with a little of segment F1), psds1, or false-alarms=N: the first, with at most N an hour where "
    "there is no event.",
)
@click.version_option(package_name="sed-edge")
def tune(model: Path, data: tuple[Path, ...], folds: tuple[int, ...], aim_text: str) -> None:
    """Choose decoder settings for MODEL, a model.ckpt, on the recordings of --data, and write them into it.

    stdout gets them as TOML to paste into a recipe.
    """
    if model.suffix == ".onnx":
        raise SettingError(f"{model}: an exported file stays as it is; tune the model.ckpt, then sed-export it again")
    from sed.checkpoint import TorchModel, load_checkpoint, make_card
    from sed.evaluation import judge, listen_to
    from sed.listening import decoded
    from sed.recordings import recordings_of
    from sed.summary import text_table
    from sed.tuning import Aim, to_toml
    from sed.tuning import tune as choose

    aim = Aim.parse(aim_text)
    recordings = recordings_of(data, folds)
    before = load_checkpoint(model)
    require_writable(model.parent)
    listener = TorchModel(before)
    _tell_of_learnt(listener, recordings)
    heard = listen_to(listener, recordings)
    chosen = choose(make_card(before), heard, aim)
    recipe = dataclasses.replace(before.recipe, decoding={**before.recipe.decoding, **chosen})
    after = dataclasses.replace(before, recipe=recipe)
    card = make_card(after)
    report = judge(card, [decoded(card, one) for one in heard])
    validation = {"recordings": _names(recordings), "tuned_for": aim_text, **report.to_dict()}
    click.echo(f"before\n{text_table(judge(make_card(before), heard))}\n\nafter\n{text_table(report)}", err=True)
    click.echo(to_toml(chosen))
    click.echo("\nthe figures flatter settings that were chosen on the same recordings", err=True)
    _write(model, dataclasses.replace(after, validation=validation))


def _write(path: Path, checkpoint: "Checkpoint") -> None:
    from sed.checkpoint import save_checkpoint

    save_checkpoint(path, checkpoint)
    click.echo(f"wrote {path}; next: sed-export {path} {checkpoint.recipe.name}.onnx", err=True)


def _names(recordings: Sequence["Recording"]) -> str:
    """Which recordings they were, in the card's words."""
    names = [recording.path.name for recording in recordings]
    return ", ".join(names) if len(names) <= 10 else f"{len(names)} recordings"


def _some(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _tell_of_learnt(model: "StepModel", recordings: Sequence["Recording"]) -> None:
    """Figures of what a network has learnt say little of what it would make of anything else."""
    from sed.checkpoint import TorchModel, file_key

    learnt = model.learnt if isinstance(model, TorchModel) else frozenset()
    count = sum(file_key(recording.path) in learnt for recording in recordings)
    if count:
        _log.warning(
            "%d of %d recordings were learnt from, so that the figures flatter; --fold chooses those that were not",
            count,
            len(recordings),
        )


def open_model(path: Path) -> "StepModel":
    """An exported file, or a checkpoint, for which torch is needed."""
    if path.suffix == ".onnx":
        return Model(path)
    from sed.checkpoint import TorchModel, load_checkpoint

    return TorchModel(load_checkpoint(path))


@click.command(cls=SedCommand)
@click.argument("recipe_path", metavar="RECIPE.toml", type=_FILE)
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
    require_folder(out, force=False)
    require_writable(out)
    corpus = load_corpus(data, recipe.frontend.sample_rate, recipe.data)
    chosen = corpus.learnt(recipe.data) if folds == "train" else corpus.looked_at(recipe.data)
    if chosen is None:
        raise SettingError("the recipe has no validation_folds; give --folds train")
    write_scenes(chosen, recipe, out, scenes, seed, seconds)
    click.echo(f"wrote {scenes} scenes of {seconds:g} s to {out}", err=True)
