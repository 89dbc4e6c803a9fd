"""`sed-adapt`: a better model of what a person said of its clips."""

from pathlib import Path

import click

from adapt.adapting import STAGES, adapt, judge_trained, table, write
from adapt.thresholds import Aim
from edge.cli.command_line import SedCommand
from edge.cli.options import MODEL_FILE
from edge.errors import SettingError


@click.command(cls=SedCommand)
@click.argument("model", type=MODEL_FILE)
@click.argument("reviews", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The new model file (.onnx).")
@click.option(
    "--stage",
    type=click.Choice(STAGES),
    default="thresholds",
    show_default=True,
    help="New thresholds; a correction of the classifier and new thresholds, which needs the package onnx; or the "
    "whole network, as --trained says.",
)
@click.option(
    "--trained",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="For --stage network: the exported model that sed-train made of what sed-review export wrote.",
)
@click.option(
    "--aim",
    "aim_text",
    default="recall",
    show_default=True,
    metavar="AIM",
    help="recall (the fewest false alarms with as many right events as now), event-f1, or false-alarms=N (an hour; "
    "or 2/day) with --hours.",
)
@click.option("--hours", type=float, help="Hours of listening that the reviews are of, for --aim false-alarms=N.")
@click.option("--force", is_flag=True, help="Overwrite --out.")
@click.version_option(package_name="sed-edge")
def adapt_command(
    model: Path,
    reviews: tuple[Path, ...],
    out: Path,
    stage: str,
    trained: Path | None,
    aim_text: str,
    hours: float | None,
    force: bool,
) -> None:
    """Make a better MODEL of REVIEWS: folders of clips with the reviews.jsonl of sed-review, or such files.

    It is judged on days that were held out, and written only if it is better there; else the exit code is 1. With fewer
    than five days, blocks of time are held out. No torch is needed.
    """
    aim = Aim.parse(aim_text, hours)
    if out.suffix.lower() != ".onnx":
        raise SettingError(f"--out {out}: expected a new model file (.onnx)")
    if not out.parent.is_dir():
        raise SettingError(f"--out {out}: there is no folder {out.parent}; create it, or choose another path")
    if out.exists() and not force:
        raise SettingError(f"--out {out}: exists; give --force to overwrite it, or another name")
    if (stage == "network") != (trained is not None):
        raise SettingError("--stage network needs --trained NEW.onnx, and nothing else takes it")
    adapted = adapt(model, reviews, stage, aim) if trained is None else judge_trained(model, reviews, trained)
    click.echo(table(adapted), err=True)
    write(adapted, out)
    click.echo(f"wrote {out}; next: sed-stream SOURCE --model {out}", err=True)
