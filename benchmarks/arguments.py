"""What the parts of `python -m benchmarks` share: their arguments, their defaults, and the line about the machine."""

from importlib.metadata import version
from pathlib import Path

import click

from edge.bench.machine import describe_machine, machine
from edge.model import shipped_model

RECORDING = Path(__file__).parent.parent / "demo" / "recording.ogg"
RECIPE = Path(__file__).parent.parent / "recipes" / "esc10.toml"

model_option = click.option(
    "--model", type=click.Path(path_type=Path), default=shipped_model(), help="Model file.  [default: the shipped one]"
)
models_argument = click.argument("paths", metavar="MODEL...", type=click.Path(path_type=Path), nargs=-1, required=True)
validation_option = click.option(
    "--validation", type=click.Path(path_type=Path), multiple=True, required=True, help="May be repeated."
)

recipe_option = click.option(
    "--recipe", type=click.Path(path_type=Path), default=RECIPE, help="  [default: recipes/esc10.toml]"
)
data_option = click.option(
    "--data", type=click.Path(path_type=Path), multiple=True, required=True, help="May be repeated."
)


def measured_on(*packages: str) -> str:
    """The machine, to be asked for before it is busy; also the versions of these."""
    found = machine()
    found["versions"] |= {package: version(package) for package in packages}
    return describe_machine(found)
