"""The table as pictures; each is drawn where the combinations hold what it shows."""

import itertools
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from cycler import cycler
from matplotlib import color_sequences
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from edge.bench.steps import Table

_AXES = {"model": "", "provider": "", "threads": " threads", "window_seconds": " s window", "hop_seconds": " s hop"}
_AXES |= {"streams": " streams"}
_LINES = ["-", "--", ":"]
_INCHES_A_LABEL = 0.19  # of a legend
Row = Mapping[str, Any]


def draw_table(table: Table, folder: Path) -> list[Path]:
    """Draw what the table holds into PNG files of a folder that is there, and return their paths.

    `latency.png` is always there; `hop.png` and `streams.png` where several of them were measured, `devices.png` where
    the CPU and another were.
    """
    pictures: dict[str, Callable[[Axes], None]] = {}
    if table.rows:
        pictures["latency"] = lambda axes: _draw_latency(axes, table)
    if _several(table.rows, "hop_seconds"):
        pictures["hop"] = lambda axes: _draw_cost(axes, table.rows)
    if _several(table.rows, "streams"):
        pictures["streams"] = lambda axes: _draw_throughput(axes, table.rows)
    if _several(table.rows, "provider"):
        pictures["devices"] = lambda axes: _draw_devices(axes, table.rows)
    paths = []
    for name, draw in pictures.items():
        figure = Figure(figsize=(9, 4.5), layout="constrained")
        axes = figure.subplots()
        axes.set_prop_cycle(cycler(linestyle=_LINES) * cycler(color=color_sequences["tab10"]))
        draw(axes)
        paths.append(folder / f"{name}.png")
        figure.set_figheight(max(figure.get_figheight(), _INCHES_A_LABEL * len(axes.get_legend_handles_labels()[1])))
        figure.savefig(paths[-1], dpi=110)
    return paths


def _draw_latency(axes: Axes, table: Table) -> None:
    """For each combination, what share of the steps takes longer: tails stand out. A style of line for each model."""
    varying = _varying(table.rows)
    settings = [name for name in varying if name != "model"]
    models = list(dict.fromkeys(row["model"] for row in table.rows))
    alike = dict.fromkeys(_label(row, settings) for row in table.rows)
    colours = dict(zip(alike, itertools.cycle(color_sequences["tab10"]), strict=False))
    for row, seconds in zip(table.rows, table.seconds, strict=True):
        milliseconds = 1e3 * np.sort(seconds, axis=None)
        longer = 100.0 * (1.0 - np.arange(len(milliseconds)) / len(milliseconds))
        axes.step(
            milliseconds,
            longer,
            where="post",
            label=_label(row, varying),
            color=colours[_label(row, settings)],
            linestyle=_LINES[models.index(row["model"]) % len(_LINES)],
        )
    axes.set(xscale="log", yscale="log", xlabel="milliseconds a step", ylabel="% of the steps that take longer")
    for percent, name in ((50, "p50"), (5, "p95"), (1, "p99")):
        axes.axhline(percent, color="0.75", linewidth=0.8, zorder=0)
        axes.annotate(
            name,
            (1.0, percent),
            (-4, 2),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            color="0.4",
            fontsize=8,
        )
    axes.set_yticks([100, 10, 1], ["100", "10", "1"])
    axes.xaxis.set_major_formatter("{x:g}")
    _finish(axes, "Latency of a step")


def _draw_cost(axes: Axes, rows: Sequence[Row]) -> None:
    for label, of_one in _lines(rows, "hop_seconds").items():
        found = [row["ms_per_second"] for row in of_one]
        hops, median = [row["hop_seconds"] for row in of_one], np.array([each["median"] for each in found])
        spread = np.abs([[each["low"] for each in found], [each["high"] for each in found]] - median)
        axes.errorbar(hops, median, yerr=spread, marker="o", capsize=3, label=label)
    axes.set(xscale="log", xlabel="hop, seconds", ylabel="milliseconds per second of audio", ylim=(0, None))
    _name_ticks(axes, rows, "hop_seconds")
    _finish(axes, "Cost against hop")


def _draw_throughput(axes: Axes, rows: Sequence[Row]) -> None:
    for label, of_one in _lines(rows, "streams").items():
        throughput = [1e3 / row["ms_per_second"]["median"] for row in of_one]
        axes.plot([row["streams"] for row in of_one], throughput, marker="o", label=label)
    axes.set(xscale="log", xlabel="streams that step together", ylabel="seconds of audio per second", ylim=(0, None))
    _name_ticks(axes, rows, "streams")
    _finish(axes, "Throughput against streams")


def _draw_devices(axes: Axes, rows: Sequence[Row]) -> None:
    """A group of bars for each combination, a bar a provider; what one of them lacks is left blank."""
    varying = [name for name in _varying(rows) if name != "provider"]
    groups = list(dict.fromkeys(_label(row, varying) for row in rows))
    providers = list(dict.fromkeys(row["provider"] for row in rows))
    width = 0.8 / len(providers)
    for place, provider in enumerate(providers):
        found = {_label(row, varying): row["ms_per_second"]["median"] for row in rows if row["provider"] == provider}
        at = [groups.index(label) + (place - (len(providers) - 1) / 2) * width for label in found]
        axes.barh(at, list(found.values()), height=0.9 * width, label=provider)
    axes.set_yticks(range(len(groups)), groups or [""])
    axes.invert_yaxis()
    axes.set(xlabel="milliseconds per second of audio")
    _finish(axes, "Cost by device")


def _finish(axes: Axes, title: str) -> None:
    axes.set_title(title)
    axes.grid(alpha=0.3)
    if len(axes.get_legend_handles_labels()[1]) > 1:
        axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))


def _name_ticks(axes: Axes, rows: Sequence[Row], name: str) -> None:
    values = sorted({row[name] for row in rows})
    axes.set_xticks(values, [f"{value:g}" for value in values])
    axes.minorticks_off()


def _several(rows: Sequence[Row], name: str) -> bool:
    return len({row[name] for row in rows}) > 1


def _varying(rows: Sequence[Row]) -> list[str]:
    return [name for name in _AXES if _several(rows, name)]


def _lines(rows: Sequence[Row], along: str) -> dict[str, list[Row]]:
    """Rows that differ in nothing but one axis, by what tells them from the other lines."""
    varying = [name for name in _varying(rows) if name != along]
    found = defaultdict(list)
    for row in sorted(rows, key=lambda row: row[along]):
        found[_label(row, varying)].append(row)
    return dict(found)


def _label(row: Row, varying: Sequence[str]) -> str:
    """What tells a row from the others.

    >>> _label({"provider": "cpu", "hop_seconds": 0.25}, ["provider", "hop_seconds"])
    'cpu, 0.25 s hop'
    """
    return ", ".join(_value(row[name], _AXES[name]) for name in varying)


def _value(value: str | float, unit: str) -> str:
    if isinstance(value, str):
        return value
    return f"{value:g}{unit.removesuffix('s') if value == 1 and unit.endswith('s') else unit}"
