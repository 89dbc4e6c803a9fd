"""`sed-bench table`: the steps of models, in every combination."""

import sys
from pathlib import Path

import click

from edge.bench.cli.options import Output, list_option, progress, shared_options
from edge.bench.results import table_text
from edge.bench.steps import PROVIDERS, all_combinations, measure_all, usual_providers
from edge.cli.command_line import SedCommand
from edge.cli.options import MODEL_FILE
from edge.model import PRECISIONS, shipped_model


@click.command(cls=SedCommand)
@click.argument("models", metavar="[MODEL]...", nargs=-1, type=MODEL_FILE)
@list_option(
    "--provider",
    "providers",
    item=click.Choice(list(PROVIDERS)),
    metavar="A,B",
    help=f"Of {', '.join(PROVIDERS)}.  [default: cpu, cuda, and the others that are installed]",
)
@list_option(
    "--precision",
    "precisions",
    item=click.Choice(PRECISIONS),
    metavar="A,B",
    help="Only MODELs of these precisions.  [default: all]",
)
@list_option("--hop", "hops", item=click.FLOAT, metavar="S,S", help="Hops in seconds.  [default: the model's]")
@list_option("--window", "windows", item=click.FLOAT, metavar="S,S", help="Windows in seconds.  [default: the model's]")
@list_option(
    "--threads",
    item=click.IntRange(1, 256),
    metavar="N,N",
    default="1",
    show_default=True,
    help="CPU threads of one step.",
)
@list_option(
    "--streams",
    item=click.IntRange(1, 4096),
    metavar="N,N",
    default="1",
    show_default=True,
    help="Streams that share one call of the graph.",
)
@shared_options("rounds")
@list_option(
    "--require",
    item=click.Choice(list(PROVIDERS)),
    metavar="A,B",
    help="Fail if these do not run.  [default: none]",
)
@click.option("--nodes", "with_nodes", is_flag=True, help="Name each node and what ran it.  [default: only how many]")
@shared_options("output")
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
    output: Output,
    plot: Path | None,
) -> None:
    """Measure the steps of each MODEL (files or names of shipped ones; esc10 unless named) in every combination.

    A step is one call of the graph and the decoding of what it emits, on noise without events. All
    combinations take turns, round after round, beside a product of matrices (sgemm): compare runs by the column "of
    sgemm", on the same machine. A provider that cannot be used is listed with the reason, which is no failure unless
    --require names it.
    """
    if plot is not None:
        from edge.bench.results.plot import draw_table

        plot.mkdir(parents=True, exist_ok=True)
    require = require or []
    chosen = all_combinations(
        models or [shipped_model()],
        providers=list(dict.fromkeys([*(usual_providers() if providers is None else providers), *require])),
        precisions=precisions or [],
        hops=hops or [None],
        windows=windows or [None],
        threads=threads,
        streams=streams,
    )
    found = measure_all(chosen, rounds, progress)
    output.print(found.to_dict(), lambda markdown: table_text(found, markdown=markdown, with_nodes=with_nodes))
    if plot is not None:
        for path in draw_table(found, plot):
            click.echo(f"sed-bench: wrote {path}", err=True)
    missing = [f"{each['provider']} ({each['reason']})" for each in found.unmeasured if each["provider"] in require]
    if missing:
        click.echo(f"sed-bench: --require: not measured: {'; '.join(missing)}", err=True)
        sys.exit(1)
