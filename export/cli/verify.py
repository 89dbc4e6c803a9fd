"""`sed-verify`: checks a model file on this machine."""

import sys
from pathlib import Path

import click

from edge.cli.command_line import SedCommand
from edge.cli.options import MODEL_FILE
from edge.errors import SettingError
from edge.model import Model
from edge.sources import read_audio
from sed.cli.models import open_model

_MADE_SECONDS = 20


@click.command(cls=SedCommand)
@click.argument("model", type=MODEL_FILE)
@click.argument("audio", type=click.Path(path_type=Path), nargs=-1)
@click.option(
    "--against", type=click.Path(path_type=Path), help="Another .onnx of the same network, or its model.ckpt (torch)."
)
@click.version_option(package_name="sed-edge")
def verify(model: Path, audio: tuple[Path, ...], against: Path | None) -> None:
    """Check on this machine that MODEL (an .onnx file) gives the same scores in a stream as from scratch.

    With --against also that another precision of the same network gives the same events. The recordings AUDIO should
    be like those that the model is for; without any, synthetic sounds are used, which hold no events. The exit code is
    1 if something differs.
    """
    from export.checks import examine, failures, limits_of, made_signals, require_alike, summary, table

    judged = Model(model)
    card = judged.card
    other = None if against is None else open_model(against)
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
