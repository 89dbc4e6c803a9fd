"""`sed-tune`: chooses the decoder's settings on recordings."""

import dataclasses
import logging
from pathlib import Path

import click

from edge.cli.command_line import SedCommand
from edge.errors import SettingError
from sed.cli.arguments import FILE, FOLDER
from sed.cli.models import list_names, save_and_report, warn_if_trained_on
from sed.cli.output_paths import require_writable

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
    help="event-f1 (with a small weight of segment F1), psds1, or false-alarms=N: as event-f1, with at most N false "
    "alarms per hour in recordings without events.",
)
@click.version_option(package_name="sed-edge")
def tune(model: Path, data: tuple[Path, ...], folds: tuple[int, ...], aim_text: str) -> None:
    """Choose decoder settings for MODEL, a model.ckpt, on the recordings of --data, and write them into it.

    They are also printed to stdout as TOML, to paste into a recipe.
    """
    if model.suffix == ".onnx":
        raise SettingError(f"{model}: an exported file cannot be tuned; tune the model.ckpt, then sed-export it again")
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
    validation = {
        "recordings": list_names([recording.path.name for recording in recordings]),
        "tuned_for": aim_text,
        **report.to_dict(),
    }
    click.echo(
        f"before\n{text_table(make_report(make_card(before), results))}\n\nafter\n{text_table(report)}", err=True
    )
    click.echo(to_toml(chosen))
    click.echo("\nthe settings were chosen on these recordings, so the metrics are too good", err=True)
    save_and_report(model, dataclasses.replace(after, validation=validation))
