"""`sed-tune`: the decoder's settings, chosen on recordings."""

import dataclasses
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.cli.command_line import SedCommand
from edge.errors import SettingError
from sed.cli.places import require_writable

if TYPE_CHECKING:
    pass


from sed.cli.arguments import FILE, FOLDER
from sed.cli.models import recordings_in_words, save_and_tell, warn_if_trained_on

_log = logging.getLogger(__name__)


@click.command(cls=SedCommand)
@click.argument("model", type=FILE)
@click.option("--data", type=FOLDER, multiple=True, required=True, help="Folder of recordings; may be repeated.")
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
    from sed.evaluation import decode_again, make_report, read_recordings, run_on_recordings
    from sed.network import TorchModel, load_checkpoint, make_card
    from sed.report import text_table
    from sed.tuning import Aim, to_toml
    from sed.tuning import tune as choose

    aim = Aim.parse(aim_text)
    recordings = read_recordings(data, folds)
    before = load_checkpoint(model)
    require_writable(model.parent)
    listener = TorchModel(before)
    warn_if_trained_on(listener, recordings)
    results = run_on_recordings(listener, recordings)
    chosen = choose(make_card(before), results, aim)
    recipe = dataclasses.replace(before.recipe, decoding={**before.recipe.decoding, **chosen})
    after = dataclasses.replace(before, recipe=recipe)
    card = make_card(after)
    report = make_report(card, [decode_again(card, one) for one in results])
    validation = {"recordings": recordings_in_words(recordings), "tuned_for": aim_text, **report.to_dict()}
    click.echo(
        f"before\n{text_table(make_report(make_card(before), results))}\n\nafter\n{text_table(report)}", err=True
    )
    click.echo(to_toml(chosen))
    click.echo("\nthe figures flatter settings that were chosen on the same recordings", err=True)
    save_and_tell(model, dataclasses.replace(after, validation=validation))
