"""`python -m export.yamnet`: makes the shipped model `general`, and an encoder, of YAMNet's published weights."""

from pathlib import Path

import click

from edge.cli.command_line import SedCommand

_PATH = click.Path(path_type=Path)


@click.group()
def main() -> None:
    """Make the model `general` of YAMNet's weights, choose its thresholds, and make an encoder for recipes."""


@main.command(cls=SedCommand)
@click.argument("folder", type=_PATH)
@click.argument("out", type=_PATH)
@click.option("--precision", type=click.Choice(["fp32", "int8"]), default="int8", show_default=True)
def convert(folder: Path, out: Path, precision: str) -> None:
    """Write OUT (an .onnx file) from FOLDER, the variables/ of TensorFlow's SavedModel of YAMNet."""
    from export.yamnet.convert import convert as convert_file
    from export.yamnet.sounds import read_class_map, read_general

    parity = convert_file(folder / "variables", read_general(read_class_map()), out, precision)
    figures = ", ".join(f"{name} within {value:.1e}" for name, value in parity.items())
    click.echo(f"{out}: {precision}, {out.stat().st_size / 1e6:.1f} MB, {figures}", err=True)


@main.command(cls=SedCommand)
@click.argument("folder", type=_PATH)
@click.argument("out", type=_PATH)
@click.option("--precision", type=click.Choice(["fp32", "int8"]), default="int8", show_default=True)
def encoder(folder: Path, out: Path, precision: str) -> None:
    """Write OUT (an .onnx file) and a .toml beside it: YAMNet's vectors, for `encoder` in a recipe's [network]."""
    from export.yamnet.encoder import write_encoder

    write_encoder(folder / "variables", out, precision)
    click.echo(f"{out}: {precision}, {out.stat().st_size / 1e6:.1f} MB", err=True)


@main.command(cls=SedCommand)
@click.argument("model", type=_PATH)
@click.option("--data", "folders", type=_PATH, multiple=True, required=True, help="Recordings; may be repeated.")
def thresholds(model: Path, folders: tuple[Path, ...]) -> None:
    """Print the thresholds of MODEL's groups, chosen on recordings, as `general.toml` takes them."""
    from edge.model import Model
    from export.yamnet.thresholds import choose, table

    click.echo(table(choose(Model(model, "cpu"), folders)))


if __name__ == "__main__":
    main()
