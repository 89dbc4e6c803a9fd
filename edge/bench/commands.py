"""`sed-bench`, but for the part that needs torch."""

import json
import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import click

from edge.bench.combinations import combinations
from edge.bench.sessions import PROVIDERS, usual_providers
from edge.bench.show import table_text
from edge.bench.table import measure_all
from edge.card import PRECISIONS
from edge.command_line import SedCommand
from edge.inference import shipped_model


def _commas(kind: Any, **settings: Any) -> Any:
    """Settings of an option that takes values with commas between them, each of a kind."""

    def split(ctx: click.Context, param: click.Parameter, value: str | None) -> list[Any] | None:
        return None if value is None else [kind.convert(each.strip(), param, ctx) for each in value.split(",")]

    return {"callback": split, **settings}


class _Group(click.Group):
    """Where no part is named, `table` is meant."""

    command_class = SedCommand

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ("--help", "--version")):
            args = ["table", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Group)
@click.version_option(package_name="sed-edge")
def bench() -> None:
    """Measure what runs where on this machine, how fast, and how much it can take.

    sed-bench MODEL... is short for sed-bench table MODEL...; see sed-bench table --help.
    """


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.  [default: a table]")
markdown_option = click.option("--markdown", is_flag=True, help="Print a table for a document.  [default: as text]")


@bench.command()
@click.argument("models", metavar="[MODEL]...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--provider",
    "providers",
    **_commas(click.Choice(list(PROVIDERS)), metavar="A,B"),
    help=f"Of {', '.join(PROVIDERS)}.  [default: cpu, cuda, and the others that are installed]",
)
@click.option(
    "--precision",
    "precisions",
    **_commas(click.Choice(PRECISIONS), metavar="A,B"),
    help="Only the MODELs in these; a file has one.  [default: all]",
)
@click.option("--hop", "hops", **_commas(click.FLOAT, metavar="S,S"), help="Seconds.  [default: the model's]")
@click.option("--window", "windows", **_commas(click.FLOAT, metavar="S,S"), help="Seconds.  [default: the model's]")
@click.option(
    "--threads",
    **_commas(click.IntRange(1, 256), metavar="N,N", default="1"),
    show_default=True,
    help="That one step may use.",
)
@click.option(
    "--streams",
    **_commas(click.IntRange(1, 4096), metavar="N,N", default="1"),
    show_default=True,
    help="That step together, in one call of the graph.",
)
@click.option("--rounds", type=click.IntRange(min=3), default=15, show_default=True, help="Each of all combinations.")
@click.option(
    "--require",
    **_commas(click.Choice(list(PROVIDERS)), metavar="A,B"),
    help="Fail if these do not run.  [default: none]",
)
@click.option("--nodes", "with_nodes", is_flag=True, help="Name each node and what ran it.  [default: only how many]")
@json_option
@markdown_option
@click.option("--plot", type=click.Path(path_type=Path), metavar="FOLDER", help="Draw pictures into FOLDER.")
def table(
    models: tuple[Path, ...],
    providers: list[str] | None,
    precisions: list[str] | None,
    hops: list[float] | None,
    windows: list[float] | None,
    threads: list[int],
    streams: list[int],
    rounds: int,
    require: list[str] | None,
    with_nodes: bool,
    as_json: bool,
    markdown: bool,
    plot: Path | None,
) -> None:
    """Measure the steps of each MODEL (.onnx files; the shipped one unless named) in every combination.

    A step is one call of the graph and the decoding of what it emits. All combinations take turns, round after round,
    beside a product of matrices (sgemm): compare runs by the column "of sgemm", on the same machine. A provider that
    cannot be had is named with the reason, which is no failure unless --require names it.
    """
    if plot is not None:
        from edge.bench.plot import draw_table
    require = require or []
    chosen = combinations(
        models or [shipped_model()],
        providers=list(dict.fromkeys([*(usual_providers() if providers is None else providers), *require])),
        precisions=precisions or [],
        hops=hops or [None],
        windows=windows or [None],
        threads=threads,
        streams=streams,
    )
    found = measure_all(chosen, rounds, _progress)
    click.echo(
        json.dumps(found.to_dict(), ensure_ascii=False)
        if as_json
        else table_text(found, markdown=markdown, with_nodes=with_nodes)
    )
    if plot is not None:
        for path in draw_table(found, plot):
            click.echo(f"sed-bench: wrote {path}", err=True)
    measured = {row["provider"] for row in found.rows}
    missing = [f"{each['provider']} ({each['reason']})" for each in found.unmeasured if each["provider"] in require]
    missing += [provider for provider in require if provider not in measured and not missing]
    if missing:
        click.echo(f"sed-bench: --require: not measured: {'; '.join(missing)}", err=True)
        sys.exit(1)


def _progress(items: Iterable[int], label: str) -> AbstractContextManager[Iterable[int]]:
    return click.progressbar(items, label=label, file=sys.stderr, hidden=not sys.stderr.isatty())
