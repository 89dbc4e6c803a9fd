import pytest
import torch

from sed.network.detector import Prediction
from sed.recipe.training_config import LossConfig
from sed.training.losses import DetectionLoss, Target

FRAMES_ONLY = {"clip": 0.0, "loudest": 0.0}


def known(frames: torch.Tensor) -> Target:
    """Truth of scenes of which everything is known."""
    return Target(frames, torch.ones_like(frames), frames.amax(dim=1), torch.ones(len(frames), frames.shape[2]))


def loss(frames: torch.Tensor, clip: torch.Tensor, target: Target, /, **config: object) -> float:
    """Of labels `a` and `b`, in frames of 50 ms."""
    made = LossConfig(**config)  # type: ignore[arg-type]  # whatever a test changes
    return float(DetectionLoss(made, ["a", "b"][: frames.shape[2]], 0.05)(Prediction(frames, clip), target))


@pytest.fixture
def truth() -> torch.Tensor:
    """Ten frames; class a in frames 3 to 6."""
    made = torch.zeros(1, 10, 2)
    made[0, 3:7, 0] = 1.0
    return made


@pytest.mark.parametrize("kind", ["bce", "focal"])
def test_a_right_answer_costs_nothing_and_a_wrong_one_much(truth: torch.Tensor, kind: str) -> None:
    """Sure and right against sure and wrong."""
    frames, clip = torch.where(truth > 0, 20.0, -20.0), torch.tensor([[20.0, -20.0]])
    assert loss(frames, clip, known(truth), kind=kind) == pytest.approx(0.0, abs=1e-6)
    assert loss(-frames, -clip, known(truth), kind=kind) > 20.0


def test_one_missed_frame_counts_more_than_its_share() -> None:
    """The loudest frame's term makes a short event felt among many quiet frames."""
    truth = torch.zeros(1, 1000, 1)
    truth[0, 500] = 1.0
    silent = torch.full((1, 1000, 1), -10.0)
    frame_term = 10.0 / 1000
    assert loss(silent, torch.tensor([[10.0]]), known(truth)) > 100 * frame_term


def test_what_nobody_knows_costs_nothing(truth: torch.Tensor) -> None:
    """Any answer will do for a class that is masked, and the others count as if they were alone."""
    target = known(truth)
    target.frames_known[:, :, 0], target.clip_known[:, 0] = 0.0, 0.0
    answers = [torch.full((1, 10, 2), -1.0) for _ in range(2)]
    answers[1][:, :, 0] = 30.0
    first, second = (loss(frames, frames.amax(dim=1), target) for frames in answers)
    assert first == second
    alone = known(truth[:, :, 1:])
    assert first == pytest.approx(loss(answers[0][:, :, 1:], answers[0].amax(dim=1)[:, 1:], alone))


def test_a_weak_label_trains_by_the_clip_alone(truth: torch.Tensor) -> None:
    """No frame pulls where borders are unknown, and still a missed clip costs."""
    target = known(truth)
    target.frames_known[:, :, 0] = 0.0
    target.frames[:, :, 0] = 0.0
    frames = torch.full((1, 10, 2), -5.0, requires_grad=True)
    DetectionLoss(LossConfig(loudest=0.0), ["a", "b"], 0.05)(Prediction(frames, frames.mean(dim=1)), target).backward()
    assert frames.grad is not None
    assert (frames.grad[0, :, 0] < 0).all()  # louder, please, wherever


def test_easy_frames_count_less_in_the_focal_loss(truth: torch.Tensor) -> None:
    """By the square of their distance from the truth."""
    frames = torch.where(truth > 0, 2.0, -2.0)
    easy = float(torch.sigmoid(torch.tensor(-2.0)))
    plain = loss(frames, frames[:, 0], known(truth), **FRAMES_ONLY)
    assert plain * easy**2 == pytest.approx(loss(frames, frames[:, 0], known(truth), kind="focal", **FRAMES_ONLY))


def test_frames_near_a_border_weigh_more(truth: torch.Tensor) -> None:
    """A mistake next to the onset costs more than the same mistake far from it."""
    right = torch.where(truth > 0, 9.0, -9.0)
    costs = []
    for frame in (2, 9):
        wrong = right.clone()
        wrong[0, frame, 0] *= -1
        costs.append(loss(wrong, wrong[:, 0], known(truth), border=3.0, border_seconds=0.05, **FRAMES_ONLY))
    assert costs[0] == pytest.approx(4 * costs[1], rel=1e-2)


def test_both_sides_of_a_border_weigh_alike(truth: torch.Tensor) -> None:
    """As many frames before it as after it."""
    costs = []
    for frame in range(10):
        wrong = torch.where(truth > 0, 9.0, -9.0)
        wrong[0, frame, 0] *= -1
        costs.append(loss(wrong, wrong[:, 0], known(truth), border=1.0, border_seconds=0.1, **FRAMES_ONLY))
    heavy = [frame for frame, cost in enumerate(costs) if cost > 1.5 * min(costs)]
    assert [1, 2, 3, 4, 5, 6, 7, 8] == heavy  # two frames on either side of 3 and of 7


def test_a_class_weighs_what_the_recipe_says(truth: torch.Tensor) -> None:
    """The network is not trained on a class of weight 0."""
    wrong = torch.where(truth > 0, -9.0, -9.0)
    assert loss(wrong, wrong[:, 0], known(truth), class_weights={"a": 0.0}) < 0.01
    assert loss(wrong, wrong[:, 0], known(truth), class_weights={"a": 2.0}) > loss(wrong, wrong[:, 0], known(truth))


def test_smoothed_labels_ask_for_no_certainty(truth: torch.Tensor) -> None:
    """The least loss lies at the smoothed label."""
    costs = {
        logit: loss(
            torch.where(truth > 0, logit, -logit), truth[:, 0], known(truth), label_smoothing=0.1, **FRAMES_ONLY
        )
        for logit in (1.0, 2.944, 6.0)  # 2.944 is the logit of 0.95
    }
    assert min(costs, key=lambda logit: costs[logit]) == 2.944
