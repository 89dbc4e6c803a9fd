"""Metrics of frame scores for validation, averaged over the labels that occur in the validation scenes.

torchmetrics counts a label that does not occur as 0, and does not accept a single label.
"""

import torch
from torch import Tensor
from torchmetrics.classification import MultilabelAveragePrecision, MultilabelF1Score

THRESHOLDS = 100  # of the precision-recall curve; else all scores would be sorted for each label


class FrameMap(MultilabelAveragePrecision):
    """Mean average precision.

    Args:
        labels: their number; scores and truth are `[frames, labels]`, truth is 0, 1, or -1 if it is not known.
    """

    def __init__(self, labels: int) -> None:
        super().__init__(labels, average="none", thresholds=THRESHOLDS, ignore_index=-1, validate_args=False)

    def compute(self) -> Tensor:  # type: ignore[override]  # what torchmetrics' class returns, too
        """See the class."""
        return _mean_of(super().compute(), torch.as_tensor(self.confmat)[0, :, 1].sum(dim=-1) > 0)


class FrameF1(MultilabelF1Score):
    """F1 at a threshold of 0.5. Arguments as for `FrameMap`."""

    def __init__(self, labels: int) -> None:
        super().__init__(labels, average="none", ignore_index=-1, validate_args=False)

    def compute(self) -> Tensor:
        """See the class."""
        return _mean_of(super().compute(), torch.as_tensor(self.tp) + torch.as_tensor(self.fn) > 0)


def _mean_of(by_label: Tensor, there: Tensor) -> Tensor:
    return by_label.reshape(-1)[there].mean() if there.any() else torch.zeros((), device=by_label.device)
