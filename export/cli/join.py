"""`sed-join`: several model files become one, which averages them."""

from pathlib import Path

import click

from edge.cli.command_line import SedCommand
from edge.cli.options import MODEL_FILE
from edge.errors import SettingError
from edge.log import whole_file
from edge.model import with_card
from sed.cli.output_paths import require_new_file


@click.command(cls=SedCommand)
@click.argument("models", type=MODEL_FILE, nargs=-1, required=True)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The model file (.onnx) to write.")
@click.option("--force", is_flag=True, help="Overwrite --out.")
@click.version_option(package_name="sed-edge")
def join(models: tuple[Path, ...], out: Path, force: bool) -> None:
    """Join MODELS (two or more .onnx files, or names of shipped models) in one file that averages their logits.

    They must have the same labels, in the same order, the same sample rate and the same frames; windows may differ. The
    file costs as much as its members together. Its decoder settings are those of the first: choose its own with
    sed-tune OUT --data RECORDINGS.
    """
    if len(models) < 2:
        raise click.UsageError("give two models or more")
    if out.suffix != ".onnx":
        raise SettingError(f"--out {out}: expected a name that ends in .onnx")
    require_new_file(out, force)
    from export.join import joined_card, joined_graph, read_member

    members = [read_member(model) for model in models]
    card = joined_card(members, out.stem)
    content = with_card(joined_graph(members, card).SerializeToString(), card, str(out))
    with whole_file(out) as file:
        file.write(content)
    click.echo(f"wrote {out}; next: sed-tune {out} --data RECORDINGS --out TUNED.onnx", err=True)
