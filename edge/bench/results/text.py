"""Results as text for a terminal and as Markdown for a document."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from edge.bench.machine import describe_machine
from edge.bench.steps import Table

Row = Mapping[str, Any]


class Column(NamedTuple):
    """A column: its head, how a row fills it, and whether that is a number."""

    head: str
    cell: Callable[[Row], str]
    number: bool = True


_AXES = {
    "model": Column("model", lambda row: str(row["model"]), number=False),
    "precision": Column("precision", lambda row: str(row["precision"]), number=False),
    "provider": Column("provider", lambda row: str(row["provider"]), number=False),
    "threads": Column("threads", lambda row: f"{row['threads']}"),
    "window_seconds": Column("window s", lambda row: f"{row['window_seconds']:g}"),
    "hop_seconds": Column("hop s", lambda row: f"{row['hop_seconds']:g}"),
    "streams": Column("streams", lambda row: f"{row['streams']}"),
}
_FIGURES = [
    Column("steps", lambda row: f"{row['steps']}"),
    Column("p50 ms", lambda row: f"{row['step_ms']['p50']:.2f}"),
    Column("p95 ms", lambda row: f"{row['step_ms']['p95']:.2f}"),
    Column("p99 ms", lambda row: f"{row['step_ms']['p99']:.2f}"),
    Column("ms/s", lambda row: f"{row['ms_per_second']['median']:.3f}"),
    Column("half of rounds", lambda row: "{low:.3f} - {high:.3f}".format(**row["ms_per_second"])),
    Column("process ms/s", lambda row: _number(row["process_ms_per_second"], 2)),
    Column("of sgemm", lambda row: f"{row['of_sgemm']:.2f}"),
    Column("real time", lambda row: f"{row['real_time_factor']:.5f}"),
    Column("room for", lambda row: _streams(row)),
    Column("start s", lambda row: _number(row["start_seconds"], 2)),
    Column("MB", lambda row: _number(row["resident_mb"], 0)),
]


def table_text(table: Table, *, markdown: bool, with_nodes: bool) -> str:
    """The table for people: what all rows share stands above it, what could not be measured below.

    Args:
        table: what was measured.
        markdown: for a document; else for a terminal.
        with_nodes: name every node and what ran it.
    """
    shared, varying = _shared(table.rows)
    lines = [describe_machine(table.machine), f"{table.rounds} rounds; {shared}; a step takes a hop of every stream"]
    lines.append(
        "sgemm of {size}: {milliseconds:.2f} ms, {gflops:.0f} GFLOP/s on one core of the CPU".format(**table.sgemm)
    )
    rows = rows_text(table.rows, [*varying, *_FIGURES], markdown=markdown) if table.rows else []
    below = [f"{_who(each)}: {each['status']}: {each['reason']}" for each in table.unmeasured]
    for (model, provider), nodes in table.nodes.items():
        ran = [node.provider for node in nodes]
        counts = ", ".join(f"{ran.count(name)} on {name}" for name in sorted(set(ran)))
        below.append(f"{provider} {model}: {len(nodes)} nodes, {counts}")
        if with_nodes:
            below += [f"  {node.provider:<9} {node.operator:<20} {node.name}" for node in nodes]
    return page(lines, rows, below, markdown=markdown)


def streams_text(result: Row, *, markdown: bool) -> str:
    """What the command for streams found."""
    columns = [
        Column("sources", lambda row: f"{row['sources']}"),
        Column("seconds", lambda row: f"{row['seconds']:g}"),
        Column("p99 lag s", lambda row: _number(row["lag_p99_seconds"], 3)),
        Column("cores busy", lambda row: _number(row["cores_busy"], 2)),
        Column("process ms/s", lambda row: _number(_milliseconds(row), 2)),
        Column("MB", lambda row: _number(row["resident_mb"], 0)),
        Column("", lambda row: "held" if row["held"] else str(row["why_not"]), number=False),
    ]
    settings = "{model}, {precision}, {provider}, window {window_seconds:g} s, hop {hop_seconds:g} s, threads {threads}"
    settings += ", processes {processes}"
    largest = result["largest"]
    found = "not even one source holds" if largest is None else f"{largest['sources']} sources hold"
    above = [describe_machine(result["machine"]), settings.format(**result)]
    rows = rows_text(result["tries"], columns, markdown=markdown)
    return page(above, rows, [f"{found} for {result['seconds']:g} s"], markdown=markdown)


def _milliseconds(row: Row) -> float | None:
    """What a second of sound costs a source."""
    return None if row["cores_busy"] is None else 1e3 * row["cores_busy"] / row["sources"]


def latency_text(result: Row, *, markdown: bool) -> str:
    """What the command for latency found."""
    columns = [
        Column("source", lambda row: str(row["source"]), number=False),
        Column("hop s", lambda row: f"{row['hop_seconds']:g}"),
        Column("events", lambda row: f"{row['events']}"),
        *(_wait_column(line, figure) for line in ("onset", "event") for figure in ("median", "worst")),
    ]
    above = [
        describe_machine(result["machine"]),
        f"{result['model']}; from a sound's onset to its onset line, from its end to its event line",
    ]
    below = [f"{each['source']}: not measured: {each['reason']}" for each in result["unmeasured"]]
    return page(above, rows_text(result["rows"], columns, markdown=markdown), below, markdown=markdown)


def _wait_column(line: str, figure: str) -> Column:
    def cell(row: Row) -> str:
        found = row[f"{line}_seconds"]
        return "?" if found is None else f"{found[figure]:.3f}"

    return Column(f"{line} {figure} s", cell)


def page(above: Sequence[str], rows: Sequence[str], below: Sequence[str], *, markdown: bool) -> str:
    """Lines above and below a table; in a document, paragraphs above it and a list below."""
    if not markdown:
        return "\n".join([*above, *rows, *below])
    return "\n\n".join([*above, "\n".join(rows), "\n".join(f"- {line}" for line in below)]).strip()


def rows_text(rows: Sequence[Row], columns: Sequence[Column], *, markdown: bool) -> list[str]:
    """Lines of a table: numbers to the right.

    >>> rows_text([{"a": 7}], [Column("seven", lambda row: str(row["a"]))], markdown=True)
    ['| seven |', '|------:|', '|     7 |']
    """
    cells = [[column.head for column in columns], *([column.cell(row) for column in columns] for row in rows)]
    widths = [max(map(len, of_column)) for of_column in zip(*cells, strict=True)]

    def line(row: Sequence[str]) -> str:
        padded = [
            text.rjust(width) if column.number else text.ljust(width)
            for text, width, column in zip(row, widths, columns, strict=True)
        ]
        return f"| {' | '.join(padded)} |" if markdown else "  ".join(padded).rstrip()

    found = [line(row) for row in cells]
    if markdown:
        rule = "|".join("-" * (w + 1) + (":" if c.number else "-") for w, c in zip(widths, columns, strict=True))
        found.insert(1, f"|{rule}|")
    return found


def _shared(rows: Sequence[Row]) -> tuple[str, list[Column]]:
    """What all rows have in common, in words, and the columns of the rest."""
    varying = {name: column for name, column in _AXES.items() if len({row[name] for row in rows}) > 1}
    if len(rows) == 0:
        return "nothing was measured", []
    same = [f"{column.head} {column.cell(rows[0])}" for name, column in _AXES.items() if name not in varying]
    return ", ".join(same), list(varying.values())


def _number(figure: float | None, digits: int) -> str:
    return "?" if figure is None else f"{figure:.{digits}f}"


def _streams(row: Row) -> str:
    if row["streams_per_core"] is None:
        return f"{row['streams_per_device']:.0f} a device"
    return f"{row['streams_per_core']:.0f} a core"


def _who(unmeasured: Row) -> str:
    return " ".join(str(part) for part in (unmeasured["provider"], unmeasured["model"]) if part is not None)
