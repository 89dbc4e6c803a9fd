"""`sed-export`: a checkpoint becomes one file that runs anywhere; `sed-verify`: there it does what it should."""

import sys
from pathlib import Path

import click

from edge.audio import read_audio
from edge.card import PRECISIONS
from edge.command_line import SedCommand
from edge.errors import SettingError
from edge.inference import Model
from edge.stream import StepModel

_MADE_SECONDS = 20


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
    help="Recording to compare the two on, besides sounds made up for it.",
)
@click.version_option(package_name="sed-edge")
def export(checkpoint: Path, out: Path, precision: str, calibration: Path | None, clips: tuple[Path, ...]) -> None:
    """Write CHECKPOINT (the model.ckpt of sed-train) to OUT (an .onnx file), card inside.

    Before OUT appears, ONNX Runtime is shown to give the same probabilities as torch; if it does not, nothing is
    written and the exit code is 1.
    """
    from export.quantize import calibration_sounds
    from export.verify import LIMITS
    from export.write import export as export_file
    from sed.checkpoint import load_checkpoint

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


@click.command(cls=SedCommand)
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("audio", type=click.Path(path_type=Path), nargs=-1)
@click.option(
    "--against", type=click.Path(path_type=Path), help="Another .onnx of the same network, or its model.ckpt (torch)."
)
@click.version_option(package_name="sed-edge")
def verify(model: Path, audio: tuple[Path, ...], against: Path | None) -> None:
    """Prove on this machine that MODEL (an .onnx file) hears in a stream what it hears from scratch.

    With --against also that another precision of the same network hears the same. The recordings AUDIO should be like
    those to be heard; without any, sounds are made up, which hold no events. The exit code is 1 if something differs.
    """
    from export.agreement import require_alike
    from export.signals import made_signals
    from export.verify import examine, failures, limits_of, summary, table

    judged = Model(model)
    card = judged.card
    other = None if against is None else _opened(against)
    if other is not None:
        require_alike(card, other.card)
    limits = limits_of(card.precision, card.precision if other is None else other.card.precision)
    made = {} if audio else made_signals(card.sample_rate, _MADE_SECONDS * card.sample_rate)
    found = {}
    recordings = [*made, *map(str, audio)]
    with click.progressbar(recordings, label="listening", file=sys.stderr, hidden=not sys.stderr.isatty()) as names:
        for name in names:
            sound = made[name] if made else read_audio(Path(name), card.sample_rate)
            if len(sound) < card.hop_frames * card.frame_samples:
                raise SettingError(f"{name}: is shorter than one hop of the model; give a recording of some seconds")
            found[name] = examine(judged, other, sound)
    click.echo(table(found))
    failed = failures(found, limits)
    for failure in failed:
        click.echo(f"FAILED: {failure}")
    if failed:
        sys.exit(1)
    click.echo(f"OK on {judged.provider}: {summary(found, limits)}")


def _opened(path: Path) -> StepModel:
    if path.suffix == ".onnx":
        return Model(path)
    from sed.checkpoint import TorchModel, load_checkpoint

    return TorchModel(load_checkpoint(path))
