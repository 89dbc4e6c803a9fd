"""What the parts of `sed-bench` share on the command line: options, and how a result is printed."""

import functools
import json
import math
import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, TypeVar

import click

from edge.cli.options import MODEL_FILE, threads_option
from edge.model import shipped_model

Item = TypeVar("Item")


class Output(NamedTuple):
    """How a result is printed, as `--json` and `--markdown` say."""

    as_json: bool
    markdown: bool

    def print(self, result: dict[str, Any], text: Callable[[bool], str]) -> None:
        """Print a result as JSON or, by `text`, for a document (True) or a terminal (False)."""
        click.echo(json.dumps(result, ensure_ascii=False) if self.as_json else text(self.markdown))


def _output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--json` and `--markdown`, handed to the command as one `output`."""

    @functools.wraps(command)
    def wrapped(*, as_json: bool, markdown: bool, **values: Any) -> Any:
        return command(output=Output(as_json, markdown), **values)

    markdown = click.option("--markdown", is_flag=True, help="Print a table for a document.  [default: as text]")
    as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.  [default: a table]")
    return as_json(markdown(wrapped))


_SHARED: dict[str, Callable[..., Any]] = {
    "model": click.option(
        "--model",
        type=MODEL_FILE,
        default=shipped_model(),
        metavar="NAME|FILE",
        help="Shipped model or file.  [default: esc10]",
    ),
    "provider": click.option(
        "--provider", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True, help="Execution provider."
    ),
    "threads": threads_option("Threads of the CPU that one call may use."),
    "rounds": click.option(
        "--rounds",
        type=click.IntRange(min=3),
        default=15,
        show_default=True,
        help="Rounds; all combinations take turns in each.",
    ),
    "output": _output_options,
}


def shared_options(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Some of the options `model`, `provider`, `threads`, `rounds`, and `output` (`--json`, `--markdown`), in order."""
    return lambda command: functools.reduce(lambda done, name: _SHARED[name](done), reversed(names), command)


class Seconds(click.FloatRange):
    """Seconds within a range, without NaN."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """See `click.FloatRange.convert`."""
        seconds: float = super().convert(value, param, ctx)
        if math.isnan(seconds):
            self.fail(f"{value} is not a number of seconds", param, ctx)
        return seconds


def list_option(*names: str, item: Any, **settings: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """An option that takes several values with commas between them, each of the type `item`."""

    def split(ctx: click.Context, param: click.Parameter, value: str | None) -> list[Any] | None:
        return None if value is None else [item.convert(each.strip(), param, ctx) for each in value.split(",")]

    return click.option(*names, callback=split, **settings)


def progress(items: Iterable[Item], label: str) -> AbstractContextManager[Iterable[Item]]:
    """The same items, with a progress bar if stderr is a terminal."""
    return click.progressbar(items, label=label, file=sys.stderr, hidden=not sys.stderr.isatty())
