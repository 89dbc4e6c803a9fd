"""`sed-export`: a checkpoint becomes one file that runs anywhere."""

from pathlib import Path

import click

from edge.cli.command_line import SedCommand
from edge.errors import SettingError
from edge.model import PRECISIONS
from edge.sources import read_audio


@click.command(cls=SedCommand)
@click.argument("checkpoint", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--precision",
    type=click.Choice(PRECISIONS),
    default="fp32",
    show_default=True,
    help="fp16 is for GPUs, int8 for processors with byte products (VNNI, Arm dot product).",
)
@click.option(
    "--calibration",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of recordings that set the scales of int8.",
)
@click.option(
    "--check-audio",
    "clips",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Recording to compare the two on, besides synthetic sounds.",
)
@click.version_option(package_name="sed-edge")
def export(checkpoint: Path, out: Path, precision: str, calibration: Path | None, clips: tuple[Path, ...]) -> None:
    """Write CHECKPOINT (the model.ckpt of sed-train) to OUT (an .onnx file), card inside.

    Before OUT appears, ONNX Runtime is shown to give the same probabilities as torch; if it does not, nothing is
    written and the exit code is 1.
    """
    from export.checks import LIMITS
    from export.quantize import calibration_sounds
    from export.write import export as export_file
    from sed.network import load_checkpoint

    if out.suffix != ".onnx":
        raise SettingError(f"{out}: expected a name that ends in .onnx")
    if not out.parent.is_dir():
        raise SettingError(f"{out}: the folder {out.parent} does not exist; make it first")
    if (precision == "int8") != (calibration is not None):
        raise SettingError("--precision int8 needs --calibration FOLDER, and nothing else takes it")
    trained = load_checkpoint(checkpoint)
    sample_rate = trained.recipe.frontend.sample_rate
    sounds = {clip.name: read_audio(clip, sample_rate) for clip in clips}
    scaling = [] if calibration is None else calibration_sounds(calibration, sample_rate)
    click.echo("writing the graph (half a minute), then comparing it with torch ...", err=True)
    click.echo(f"{'greatest difference in a':>24} probability  embedding", err=True)
    for comparison in export_file(trained, out, sounds, precision, scaling):
        click.echo(f"{comparison.probability:36.1e}  {comparison.embedding:9.1e}  {comparison.case}", err=True)
    size = out.stat().st_size / 1e6
    click.echo(f"{out}: {precision}, {size:.1f} MB, within {LIMITS[precision].score:g} of the checkpoint", err=True)
