import io

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch

from sed.evaluation.curves import Psds
from sed.report.pictures import MOST_ROWS, draw_counts, draw_precision_recall, draw_psd_rocs, draw_scores

LABELS = ["dog", "rain"]


def lines(figure: Figure) -> list[list[tuple[list[float], list[float]]]]:
    """What each of its axes draws as lines: x and y."""
    drawn = [[line.get_data() for line in axes.lines] for axes in figure.axes]
    return [[(list(x), list(y)) for x, y in of_axes] for of_axes in drawn]


def stairs_of(axes: Axes) -> list[float]:
    """The scores that are drawn, frame by frame."""
    (stairs,) = (patch for patch in axes.patches if isinstance(patch, StepPatch))
    return stairs.get_data().values.tolist()


def rendered(figure: Figure) -> None:
    """Draw it to the end, as a file of it does."""
    figure.savefig(io.BytesIO(), format="png")


def psds_of(*labels: str) -> Psds:
    """The same curve for all classes and each."""
    curve = (np.array([0.0, 50.0]), np.array([0.5, 0.9]))
    return Psds(value=0.7, by_label=dict.fromkeys(labels, 0.7), curve=curve, curves=dict.fromkeys(labels, curve))


def test_a_spectrogram_is_drawn_above_the_scores() -> None:
    """Of the same time, whatever the length of its frames: low bands below."""
    decibels = np.zeros((400, 8))
    decibels[:, 7] = 30.0
    figure = draw_scores(np.zeros((100, 2)), np.zeros((100, 2)), LABELS, 0.05, begin_seconds=60.0, spectrogram=decibels)
    above, *rows = figure.axes
    (image,) = above.images
    assert LABELS == [axes.get_ylabel() for axes in rows]
    assert (60.0, 65.0, 0, 8) == pytest.approx(image.get_extent())
    assert "lower" == image.origin
    assert np.array_equal(decibels.T, image.get_array())
    rendered(figure)


def test_scores_are_drawn_over_the_truth() -> None:
    """A row for each class, bands for true events, and bars that are red where there is no true event."""
    scores = np.random.default_rng(0).random((100, 2))
    truth, reported = np.zeros((100, 2)), np.zeros((100, 2), dtype=bool)
    truth[20:40, 0] = 1.0
    reported[25:45, 0] = reported[60:70, 1] = True
    figure = draw_scores(scores, truth, LABELS, 0.05, reported=reported, begin_seconds=60.0)
    dog, rain = figure.axes
    assert LABELS == [axes.get_ylabel() for axes in figure.axes]
    band = dog.patches[0].get_extents().transformed(dog.transData.inverted())
    assert (61.0, 62.0) == pytest.approx((band.x0, band.x1))
    bars = [[(line.get_xdata().tolist(), to_hex(line.get_color())) for line in axes.lines] for axes in (dog, rain)]
    assert [[([61.25, 62.25], "#2e7d32")], [([63.0, 63.5], "#c62828")]] == bars
    assert scores.T.tolist() == [stairs_of(axes) for axes in (dog, rain)]


def test_one_class_is_enough() -> None:
    """For scores, precision and counts."""
    curve = (np.array([0.0, 1.0]), np.array([1.0, 0.5]))
    scores = draw_scores(np.full((10, 1), 0.3), np.zeros((10, 1)), ["dog"], 0.05)
    counts = draw_counts(np.array([[3, 1]]), ["dog"], ["dog", "nothing"], "reported at its time", "true event")
    assert [0.3] * 10 == stairs_of(scores.axes[0])
    assert [[([0.0, 1.0], [1.0, 0.5])]] == lines(draw_precision_recall({"dog": curve}))
    assert [("3", (0, 0)), ("1", (1, 0))] == [(text.get_text(), text.get_position()) for text in counts.axes[0].texts]
    assert [[0.75, 0.25]] == counts.axes[0].images[0].get_array().tolist()


def test_a_psd_roc_is_extended_to_the_edge() -> None:
    """The last rate holds up to 100 false positives per hour; the curve of all classes is not changed."""
    drawn = lines(draw_psd_rocs({"PSDS1": psds_of("dog")}))
    assert [[([0.0, 50.0, 100.0], [0.5, 0.9, 0.9]), ([0.0, 50.0], [0.5, 0.9])]] == drawn


@pytest.mark.parametrize("label", ["x$_$", "_hidden", "$", "costs $1 or $2"])
def test_a_label_is_shown_unchanged(label: str) -> None:
    """Not as a formula, and also in the legend."""
    curve = (np.array([0.0, 1.0]), np.array([1.0, 0.5]))
    rocs = draw_psd_rocs({"PSDS1": psds_of(label)})
    figures = [draw_scores(np.zeros((10, 1)), np.zeros((10, 1)), [label], 0.05), draw_precision_recall({label: curve})]
    figures.append(draw_counts(np.array([[3, 1]]), [label], [label, "nothing"], "reported at its time", "true event"))
    for figure in (rocs, *figures):
        rendered(figure)
    legend = [text.get_text().strip().replace(r"\$", "$") for text in rocs.axes[0].get_legend().get_texts()]
    assert [f"{label} 0.70", "all 0.70"] == legend


def test_of_many_classes_those_with_most_errors_are_drawn() -> None:
    """Rows and columns with most errors, panels with the smallest area, timelines with events."""
    labels, wrong = [f"c{k:03d}" for k in range(100)], range(3, 100, 5)
    counts = np.diag([50] * 100 + [0])[:100]
    counts[wrong, -1] = 2
    counts[8, 7] = 9
    axes = draw_counts(counts, labels, [*labels, "nothing"], "reported at its time", "true event").axes[0]
    names = [labels[k] for k in wrong]
    assert names == [tick.get_text() for tick in axes.get_yticklabels()]
    across = [tick.get_text() for tick in axes.get_xticklabels()]
    assert {"c007", "nothing"} < set(across)
    assert (MOST_ROWS, MOST_ROWS + 1) == axes.images[0].get_array().shape
    assert pytest.approx(9 / 61) == axes.images[0].get_array()[names.index("c008"), across.index("c007")]
    worse = {label: (np.array([0.0, 1.0]), np.full(2, 0.5 if label in names else 0.9)) for label in labels}
    assert names == [axes.get_title() for axes in draw_precision_recall(worse).axes]
    scores = np.zeros((10, 100))
    scores[4, wrong] = 0.8
    assert names == [axes.get_ylabel() for axes in draw_scores(scores, np.zeros((10, 100)), labels, 0.05).axes]
