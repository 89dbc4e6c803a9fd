"""Plots of scores, curves and confusion, by matplotlib without a display."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sed.data import runs
from sed.evaluation import MAX_EFPR, Curve, Psds

Array = NDArray[Any]

MOST_ROWS = 20  # classes in a picture: more cannot be read, and need gigabytes to draw

_SPECTROGRAM_ROWS = 3.5  # its height, in rows of classes

_TRUTH, _SCORE, _REPORTED, _WRONG = "#b7dfb9", "#1f4e79", "#2e7d32", "#c62828"


def draw_scores(
    scores: Array,
    truth: Array,
    labels: Sequence[str],
    frame_seconds: float,
    *,
    reported: Array | None = None,
    begin_seconds: float = 0.0,
    spectrogram: Array | None = None,
) -> Figure:
    """Draw a row for each class: its score as a line, true events as bands, and reported events as bars below.

    Of more than `MOST_ROWS` classes those with the highest scores and with events.

    Args:
        scores: `[frames, classes]`, 0 to 1.
        truth: `[frames, classes]`, above 0.5 where the class is active.
        labels: of the classes.
        frame_seconds: length of a frame.
        reported: `[frames, classes]`, true where an event was reported; red where it overlaps no true event.
        begin_seconds: where the first frame begins.
        spectrogram: `[any frames, bands]` of the same time, in dB, drawn above the rows if it is given.
    """
    times = begin_seconds + np.arange(len(scores) + 1) * frame_seconds
    height = scores.max(axis=0) + truth.max(axis=0) + (0 if reported is None else reported.max(axis=0))
    shown = _greatest(height)
    above = 0 if spectrogram is None else 1
    heights = [_SPECTROGRAM_ROWS] * above + [1.0] * len(shown)
    figure = Figure(figsize=(11, 0.6 + 0.42 * sum(heights)), layout="constrained")
    rows = np.atleast_1d(figure.subplots(len(heights), 1, sharex=True, height_ratios=heights))
    if spectrogram is not None:
        _draw_spectrogram(rows[0], spectrogram, times)
    for axes, column in zip(rows[above:], shown, strict=True):
        true = truth[:, column] > 0.5
        for begin, end in runs(true):
            axes.axvspan(times[begin], times[end], color=_TRUTH, linewidth=0)
        axes.stairs(scores[:, column], times, color=_SCORE, linewidth=0.9, baseline=None)
        if reported is not None:
            for begin, end in runs(reported[:, column]):
                color = _REPORTED if true[begin:end].any() else _WRONG
                axes.plot(times[[begin, end]], [-0.18, -0.18], color=color, linewidth=3, solid_capstyle="butt")
        axes.set_ylim(-0.3 if reported is not None else -0.05, 1.05)
        axes.set_yticks([])
        axes.set_ylabel(
            _plain(labels[column]), rotation=0, horizontalalignment="right", verticalalignment="center", fontsize=9
        )
        axes.spines[["top", "right"]].set_visible(False)
    rows[-1].set_xlim(times[0], times[-1])
    rows[-1].set_xlabel("seconds")
    return figure


def _draw_spectrogram(axes: Axes, spectrogram: Array, times: Array) -> None:
    low, high = np.percentile(spectrogram, [5, 99.8])
    extent = (times[0], times[-1], 0, spectrogram.shape[1])
    axes.imshow(spectrogram.T, origin="lower", aspect="auto", extent=extent, cmap="magma", vmin=low, vmax=high)
    axes.set_yticks([])
    axes.set_ylabel("log-mel", rotation=0, horizontalalignment="right", verticalalignment="center", fontsize=9)


def draw_psd_rocs(curves: Mapping[str, Psds]) -> Figure:
    """Draw the PSD-ROC of each PSDS side by side: of all classes in black, of each class in colour."""
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    for axes, (name, psds) in zip(
        np.atleast_1d(figure.subplots(1, len(curves), sharey=True)), curves.items(), strict=True
    ):
        for number, (label, curve) in enumerate(psds.curves.items()):
            axes.step(
                *_to_edge(curve), where="post", label=_plain(f"{label} {psds.by_label[label]:.2f}"), **_style(number)
            )
        axes.step(*psds.curve, where="post", color="black", linewidth=2.5, label=f"all {psds.value:.2f}")
        axes.set(title=name, xlabel="effective false positives per hour", xlim=(0, MAX_EFPR), ylim=(0, 1.02))
        axes.grid(alpha=0.3)
        _legend(axes, len(psds.curves))
    figure.axes[0].set_ylabel("effective true positive rate")
    return figure


def draw_precision_recall(curves: Mapping[str, Curve]) -> Figure:
    """Draw precision-recall curves, a panel for each class; of more than `MOST_ROWS` those with the smallest area."""
    areas = [np.sum(np.diff(recall, prepend=0.0) * precision) for recall, precision in curves.values()]
    drawn = [list(curves.items())[place] for place in _greatest(-np.array(areas))]
    columns = min(5, len(drawn))
    rows = -(-len(drawn) // columns)
    figure = Figure(figsize=(11, 0.4 + 2.2 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, (label, (recall, precision)) in zip(panels, drawn, strict=False):
        axes.step(recall, precision, where="pre", color=_SCORE)
        axes.set_title(_plain(label), fontsize=9)
        axes.set(xlim=(0, 1.02), ylim=(0, 1.05))
        axes.grid(alpha=0.3)
    for axes in panels[len(drawn) :]:
        axes.set_visible(False)
    figure.supxlabel("recall", fontsize=9)
    figure.supylabel("precision", fontsize=9)
    return figure


def draw_counts(counts: Array, rows: Sequence[str], columns: Sequence[str], across: str, down: str) -> Figure:
    """Draw a table of counts; a darker cell has a greater share of its row.

    Of more than `MOST_ROWS` rows, those with most counts in columns of other names are drawn; columns likewise.

    Args:
        counts: `[rows, columns]`.
        rows: their names.
        columns: their names.
        across: what the columns are.
        down: what the rows are.
    """
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    wrong = np.where(np.array(rows)[:, None] == np.array(columns), 0, counts)
    down_shown = _greatest(wrong.sum(axis=1))
    across_shown = _greatest(wrong[down_shown].sum(axis=0), MOST_ROWS + 1)  # one column is "nothing"
    counts, shares = (table[np.ix_(down_shown, across_shown)] for table in (counts, shares))
    size = 1.8 + 0.42 * np.array([len(across_shown), len(down_shown)])
    figure = Figure(figsize=tuple(size), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        if count:
            ink = "white" if shares[row, column] > 0.6 else "black"
            axes.text(column, row, str(count), ha="center", va="center", fontsize=8, color=ink)
    axes.set_xticks(
        range(len(across_shown)),
        [_plain(columns[k]) for k in across_shown],
        rotation=45,
        ha="right",
        rotation_mode="anchor",
        fontsize=9,
    )
    axes.set_yticks(range(len(down_shown)), [_plain(rows[k]) for k in down_shown], fontsize=9)
    axes.set_xlabel(across)
    axes.set_ylabel(down)
    return figure


def _plain(label: str) -> str:
    """A label so that matplotlib shows it unchanged: `$` starts no formula, and a leading `_` is not left out."""
    escaped = label.replace("$", r"\$")
    return f" {escaped}" if escaped.startswith("_") else escaped


def _greatest(values: Array, most: int = MOST_ROWS) -> list[int]:
    """Indices of the greatest values, ascending."""
    return sorted(np.argsort(-values, kind="stable")[:most].tolist())


def _to_edge(curve: Curve) -> Curve:
    """The curve, extended to the right edge of the plot."""
    return np.append(curve[0], MAX_EFPR), np.append(curve[1], curve[1][-1])


def _style(number: int) -> dict[str, Any]:
    return {"color": f"C{number % 10}", "linestyle": ("-", "--", ":")[number // 10 % 3], "linewidth": 1.1}


def _legend(axes: Any, classes: int) -> None:
    if classes <= 20:
        axes.legend(fontsize=7, loc="lower right", ncols=2 if classes > 6 else 1)
