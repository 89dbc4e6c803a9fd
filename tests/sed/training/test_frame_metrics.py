import pytest
import torch
from torchmetrics.classification import MultilabelAveragePrecision, MultilabelF1Score

from sed.training.frame_metrics import THRESHOLDS, FrameF1, FrameMap

MAKERS = pytest.mark.parametrize("made", [FrameMap, FrameF1])


def drawn(labels: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Scores, and truth that is not known everywhere."""
    generator = torch.Generator().manual_seed(1)
    return (
        torch.rand(500, labels, generator=generator),
        torch.randint(-1, 2, (500, labels), generator=generator),
    )


def test_where_all_labels_are_there_they_are_torchmetrics() -> None:
    """In two batches."""
    scores, truth = drawn(3)
    for ours, theirs in (
        (FrameMap(3), MultilabelAveragePrecision(3, thresholds=THRESHOLDS, ignore_index=-1)),
        (FrameF1(3), MultilabelF1Score(3, ignore_index=-1)),
    ):
        for part in (slice(0, 200), slice(200, 500)):
            ours.update(scores[part], truth[part])
            theirs.update(scores[part], truth[part])
        assert theirs.compute() == pytest.approx(ours.compute())


@MAKERS
def test_a_label_that_is_nowhere_does_not_count(made: type[FrameMap] | type[FrameF1]) -> None:
    """Whatever it scores."""
    scores, truth = drawn(3)
    truth[:, 2] = torch.minimum(truth[:, 2], torch.zeros(()).long())
    of_all, of_two = made(3), made(2)
    of_all.update(scores, truth)
    of_two.update(scores[:, :2], truth[:, :2])
    assert of_two.compute() == pytest.approx(of_all.compute())


@MAKERS
def test_one_label_is_enough(made: type[FrameMap] | type[FrameF1]) -> None:
    """A perfect detector has 1, and what is not known is no error of its."""
    metric = made(1)
    metric.update(torch.tensor([[0.9], [0.1], [0.8], [0.95]]), torch.tensor([[1], [0], [1], [-1]]))
    assert 1.0 == metric.compute()
    metric.update(torch.tensor([[0.99]]), torch.tensor([[0]]))
    assert 0.0 < metric.compute() < 1.0
