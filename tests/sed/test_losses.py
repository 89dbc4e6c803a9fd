import pytest
import torch

from sed.config import TrainingConfig
from sed.losses import detection_loss
from sed.model import Prediction


def loss(frames: torch.Tensor, clip: torch.Tensor, truth: torch.Tensor) -> float:
    """With the default weights."""
    return float(detection_loss(Prediction(frames, clip), truth, TrainingConfig()))


def test_a_right_answer_costs_nothing_and_a_wrong_one_much() -> None:
    """Sure and right against sure and wrong."""
    truth = torch.zeros(1, 4, 2)
    truth[0, 1, 0] = 1.0
    frames = torch.where(truth > 0, 20.0, -20.0)
    clip = torch.tensor([[20.0, -20.0]])
    assert loss(frames, clip, truth) == pytest.approx(0.0, abs=1e-6)
    assert loss(-frames, -clip, truth) > 20.0


def test_one_missed_frame_counts_more_than_its_share() -> None:
    """The loudest frame's term makes a short event felt among many quiet frames."""
    truth = torch.zeros(1, 1000, 1)
    truth[0, 500] = 1.0
    silent = torch.full((1, 1000, 1), -10.0)
    frame_term = 10.0 / 1000
    assert loss(silent, torch.tensor([[10.0]]), truth) > 100 * frame_term
