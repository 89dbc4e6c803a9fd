"""`sed-synth`: writes scenes, as training mixes them, to files."""

import logging
from pathlib import Path

import click

from edge.cli.command_line import SedCommand
from edge.errors import SettingError
from sed.cli.arguments import FILE, FOLDER
from sed.cli.output_paths import require_empty_folder, require_writable

_log = logging.getLogger(__name__)


@click.command(cls=SedCommand)
@click.argument("recipe_path", metavar="RECIPE.toml", type=FILE)
@click.option("--data", type=FOLDER, multiple=True, required=True, help="Folder of clips; may be repeated.")
@click.option("--out", type=FOLDER, required=True, help="Folder for the scenes; new, or empty.")
@click.option("--scenes", type=click.IntRange(1), required=True, help="Number of scenes to mix.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="The same one gives the same files.")
@click.option("--folds", type=click.Choice(["validation", "train"]), default="validation", show_default=True)
@click.option("--seconds", type=click.FloatRange(1.0, 3600.0), default=60.0, show_default=True, help="Length of each.")
@click.version_option(package_name="sed-edge")
def synth(
    recipe_path: Path, data: tuple[Path, ...], out: Path, scenes: int, seed: int, folds: str, seconds: float
) -> None:
    """Write scenes mixed as RECIPE.toml says: audio files, each with its truth as a TSV file beside it."""
    from sed.data import load_corpus
    from sed.recipe import load_recipe
    from sed.scenes import write_scenes

    recipe = load_recipe(recipe_path)
    require_empty_folder(out, force=False)
    require_writable(out)
    corpus = load_corpus(data, recipe.frontend.sample_rate, recipe.data)
    chosen = corpus.train_split(recipe.data) if folds == "train" else corpus.validation_split(recipe.data)
    if chosen is None:
        raise SettingError("the recipe has no validation_folds; give --folds train")
    write_scenes(chosen, recipe, out, scenes, seed, seconds)
    click.echo(f"wrote {scenes} scenes of {seconds:g} s to {out}", err=True)
