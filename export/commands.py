"""`sed-export`: a checkpoint becomes one file that runs anywhere."""

from pathlib import Path

import click

from edge.audio import read_audio
from edge.command_line import SedCommand
from edge.errors import SettingError


@click.command(cls=SedCommand)
@click.argument("checkpoint", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--check-audio",
    "clips",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Recording to compare the two on, besides sounds made up for it.",
)
@click.version_option(package_name="sed-edge")
def export(checkpoint: Path, out: Path, clips: tuple[Path, ...]) -> None:
    """Write CHECKPOINT (the model.ckpt of sed-train) to OUT (an .onnx file), card inside.

    Before OUT appears, ONNX Runtime is shown to give the same probabilities as torch; if it does not, nothing is
    written and the exit code is 1.
    """
    from export.parity import TOLERANCE
    from export.write import export as export_file
    from sed.checkpoint import load_checkpoint

    if out.suffix != ".onnx":
        raise SettingError(f"{out}: expected a name that ends in .onnx")
    if not out.parent.is_dir():
        raise SettingError(f"{out}: the folder {out.parent} does not exist; make it first")
    trained = load_checkpoint(checkpoint)
    sounds = {clip.name: read_audio(clip, trained.recipe.frontend.sample_rate) for clip in clips}
    click.echo("writing the graph (half a minute), then comparing it with torch ...", err=True)
    click.echo(f"{'greatest difference in a':>24} probability  embedding", err=True)
    for comparison in export_file(trained, out, sounds):
        click.echo(f"{comparison.probability:36.1e}  {comparison.embedding:9.1e}  {comparison.case}", err=True)
    click.echo(f"{out}: {out.stat().st_size / 1e6:.1f} MB, within {TOLERANCE:g} of the checkpoint", err=True)
