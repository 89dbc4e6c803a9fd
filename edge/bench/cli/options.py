"""What the parts of `sed-bench` share on the command line."""

import math
import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar

import click

from edge.cli.options import threads_option
from edge.model import shipped_model

Item = TypeVar("Item")

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.  [default: a table]")
markdown_option = click.option("--markdown", is_flag=True, help="Print a table for a document.  [default: as text]")
rounds_option = click.option(
    "--rounds", type=click.IntRange(min=3), default=15, show_default=True, help="In which all take turns."
)
call_threads_option = threads_option("Of the CPU, that one call may use.")


class Seconds(click.FloatRange):
    """Seconds within a range, in which NaN is not."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """See `click.FloatRange.convert`."""
        seconds: float = super().convert(value, param, ctx)
        if math.isnan(seconds):
            self.fail(f"{value} is no number of seconds", param, ctx)
        return seconds


def commas(kind: Any, **settings: Any) -> Any:
    """Settings of an option that takes values with commas between them, each of a kind."""

    def split(ctx: click.Context, param: click.Parameter, value: str | None) -> list[Any] | None:
        return None if value is None else [kind.convert(each.strip(), param, ctx) for each in value.split(",")]

    return {"callback": split, **settings}


def progress(items: Iterable[Item], label: str) -> AbstractContextManager[Iterable[Item]]:
    """The same items, with a bar on stderr if a person watches it."""
    return click.progressbar(items, label=label, file=sys.stderr, hidden=not sys.stderr.isatty())


model_option = click.option(
    "--model", type=click.Path(path_type=Path), default=shipped_model(), help="Model file.  [default: the shipped one]"
)
provider_option = click.option(
    "--provider", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True, help="What runs the model."
)
