"""`sed-tune`: chooses the decoder's settings on recordings."""

import dataclasses
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.cli.command_line import SedCommand
from edge.detection import describe_rate
from edge.errors import SettingError
from edge.log import whole_file
from edge.model import Model, with_card
from sed.cli.arguments import FILE, FOLDER
from sed.cli.models import list_names, save_and_report, warn_if_trained_on
from sed.cli.output_paths import require_new_file, require_writable
from sed.cli.quiet import tune_on_quiet_hours

if TYPE_CHECKING:
    from sed.tuning import Tuning

_log = logging.getLogger(__name__)


@click.command(cls=SedCommand)
@click.argument("model", type=FILE)
@click.option("--data", type=FOLDER, multiple=True, help="Folder of recordings with their truth; may be repeated.")
@click.option("--fold", "folds", type=int, multiple=True, help="Only clips of this fold; may be repeated.")
@click.option(
    "--quiet",
    type=FILE,
    multiple=True,
    metavar="SCORES",
    help="Scores that sed-stream --scores kept, or a recording, in which nothing was to be reported; may be repeated.",
)
@click.option("--right", type=FILE, help="With --quiet: a log (JSON Lines) of the events in it that are right.")
@click.option(
    "--out",
    type=FILE,
    help="For an .onnx: the new model file (.onnx); with --quiet also settings for --config (.toml).",
)
@click.option("--force", is_flag=True, help="Overwrite --out.")
@click.option(
    "--aim",
    "aim_text",
    metavar="AIM",
    help="event-f1 (with a small weight of segment F1), psds1, or false-alarms=N (an hour; or 2/day): as event-f1, "
    "with at most N false alarms on as many new kinds of other sounds; with --quiet, in as many quiet hours.  "
    "[default: event-f1; with --quiet, no false alarm in these hours]",
)
@click.version_option(package_name="sed-edge")
def tune(
    model: Path,
    data: tuple[Path, ...],
    folds: tuple[int, ...],
    quiet: tuple[Path, ...],
    right: Path | None,
    out: Path | None,
    force: bool,
    aim_text: str | None,
) -> None:
    """Choose decoder settings for MODEL.

    With --data they are chosen on recordings whose truth is known, and printed to stdout as TOML, to paste into a
    recipe. A model.ckpt gets them written into it; of an .onnx a new file is written to --out.

    With --quiet, MODEL is an .onnx: its thresholds are raised to what the quiet hours of one place ask for, and written
    to --out. That needs no checkpoint and no torch.
    """
    if quiet:
        if data or folds or out is None:
            raise click.UsageError("--quiet goes with --out FILE, and without --data and --fold")
        tune_on_quiet_hours(model, quiet, right, aim_text, out, force)
        return
    if not data or right is not None:
        raise click.UsageError("give --data FOLDER, or --quiet SCORES with --out FILE (and --right, --force)")
    if model.suffix == ".onnx":
        if out is None or out.suffix != ".onnx":
            raise SettingError(f"{model}: an .onnx with --data needs --out FILE.onnx, the new model file")
        require_new_file(out, force)
    elif out is not None or force:
        raise SettingError(f"{model}: its settings are written into it; leave out --out and --force")
    _tune_on_data(model, data, folds, "event-f1" if aim_text is None else aim_text, out)


def _tune_on_data(path: Path, data: tuple[Path, ...], folds: tuple[int, ...], aim_text: str, out: Path | None) -> None:
    """Choose settings for a checkpoint, or with `out` for an exported file."""
    from sed.evaluation import decode_again, make_report, read_recordings, run_on_recordings
    from sed.network import TorchModel, load_checkpoint
    from sed.report import text_table
    from sed.tuning import Aim, to_toml
    from sed.tuning import tune as choose

    aim = Aim.parse(aim_text)
    recordings = read_recordings(data, folds)
    checkpoint = load_checkpoint(path) if out is None else None
    require_writable(path.parent if out is None else out.parent)
    model = Model(path, "cpu") if checkpoint is None else TorchModel(checkpoint)
    warn_if_trained_on(model, recordings)
    before, results = model.card, run_on_recordings(model, recordings)
    tuning = choose(before, results, aim)
    chosen = {label: settings.to_frames(before.frame_seconds) for label, settings in tuning.decoding.items()}
    after = dataclasses.replace(before, decoding={**before.decoding, **chosen})
    report = make_report(after, [decode_again(after, one) for one in results])
    validation = {
        "recordings": list_names([recording.path.name for recording in recordings]),
        "tuned_for": aim_text,
        **report.to_dict(),
        **({} if tuning.promise is None else tuning.promise.to_dict()),
    }
    click.echo(f"before\n{text_table(make_report(before, results))}\n\nafter\n{text_table(report)}", err=True)
    click.echo(to_toml(tuning.decoding))
    if tuning.promise is not None:
        click.echo(f"\n{curve_table(tuning)}\n\nfalse alarms: {tuning.promise}", err=True)
    click.echo("\nthe settings were chosen on these recordings, so the metrics are too good", err=True)
    if checkpoint is not None:
        recipe = dataclasses.replace(checkpoint.recipe, decoding={**checkpoint.recipe.decoding, **tuning.decoding})
        save_and_report(path, dataclasses.replace(checkpoint, recipe=recipe, validation=validation))
    elif out is not None:
        content = with_card(path.read_bytes(), dataclasses.replace(after, validation=validation), str(path))
        with whole_file(out) as file:
            file.write(content)
        click.echo(f"wrote {out}; next: sed-stream SOURCE --model {out}", err=True)


def curve_table(tuning: "Tuning") -> str:
    """What other aims cost, a line each."""
    rows = (
        f"{describe_rate(aim):>12}  {describe_rate(per_hour):>12}  {event_f1:8.3f}  {recall:6.3f}"
        for aim, per_hour, event_f1, recall in tuning.curve
    )
    return "\n".join(["     at most       counted  event F1  recall", *rows])
