import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from sed.curves import Psds
from sed.pictures import draw_counts, draw_precision_recall, draw_psd_rocs, draw_scores

LABELS = ["dog", "rain"]


def painted(figure: Figure) -> np.ndarray:
    """The colours of its pixels."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())


def test_scores_are_drawn_over_the_truth() -> None:
    """A row for each class, bands where the truth is, and bars that are red where nothing is."""
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
    assert len(np.unique(painted(figure).reshape(-1, 4), axis=0)) > 3


def test_one_class_is_enough() -> None:
    """For scores, curves and counts."""
    curve = (np.array([0.0, 50.0]), np.array([0.5, 1.0]))
    psds = Psds(value=0.75, by_label={"dog": 0.75}, curve=curve, curves={"dog": curve})
    figures = [
        draw_scores(np.zeros((10, 1)), np.zeros((10, 1)), ["dog"], 0.05),
        draw_psd_rocs({"PSDS1": psds}),
        draw_precision_recall({"dog": (np.array([0.0, 1.0]), np.array([1.0, 0.5]))}),
        draw_counts(np.array([[3, 1]]), ["dog"], ["dog", "nothing"], "reported there", "true event"),
    ]
    for figure in figures:
        assert len(np.unique(painted(figure).reshape(-1, 4), axis=0)) > 3


def test_a_psd_roc_goes_on_to_the_edge() -> None:
    """The last rate holds up to 100 false positives an hour."""
    curve = (np.array([0.0, 50.0]), np.array([0.5, 0.9]))
    figure = draw_psd_rocs({"PSDS1": Psds(value=0.7, by_label={"dog": 0.7}, curve=curve, curves={"dog": curve})})
    assert ([0.0, 50.0, 100.0], [0.5, 0.9, 0.9]) == tuple(data.tolist() for data in figure.axes[0].lines[0].get_data())
