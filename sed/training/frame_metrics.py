"""Figures of frame scores while a network trains, mean over the labels that the validation scenes hold.

torchmetrics counts a label that is nowhere as 0, and refuses to judge a single one.
"""

import torch
from torch import Tensor
from torchmetrics.classification import MultilabelAveragePrecision, MultilabelF1Score

THRESHOLDS = 100  # of the curve of precision against recall; else every score would be sorted, label by label


class FrameMap(MultilabelAveragePrecision):
    """Mean average precision.

    Args:
        labels: how many; scores and truth are `[frames, labels]`, truth 0, 1, or -1 where it is not known.
    """

    def __init__(self, labels: int) -> None:
        super().__init__(labels, average="none", thresholds=THRESHOLDS, ignore_index=-1, validate_args=False)

    def compute(self) -> Tensor:  # type: ignore[override]  # what torchmetrics' class returns, too
        """See the class."""
        return _mean_of(super().compute(), torch.as_tensor(self.confmat)[0, :, 1].sum(dim=-1) > 0)


class FrameF1(MultilabelF1Score):
    """F1 at a score of 0.5. Arguments are those of `FrameMap`."""

    def __init__(self, labels: int) -> None:
        super().__init__(labels, average="none", ignore_index=-1, validate_args=False)

    def compute(self) -> Tensor:
        """See the class."""
        return _mean_of(super().compute(), torch.as_tensor(self.tp) + torch.as_tensor(self.fn) > 0)


def _mean_of(by_label: Tensor, there: Tensor) -> Tensor:
    return by_label.reshape(-1)[there].mean() if there.any() else torch.zeros((), device=by_label.device)
