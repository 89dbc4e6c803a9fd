import dataclasses
from pathlib import Path

import pytest
import torch

from sed.errors import RecipeError
from sed.network.checkpoint import Checkpoint
from sed.network.detector import Detector
from sed.network.starting import require_startable, start_from
from tests.sed.network.encoders import encoder_recipe


def logits(detector: Detector, checkpoint: Checkpoint) -> torch.Tensor:
    """Of two seconds of noise."""
    samples = checkpoint.recipe.context_samples + 40 * checkpoint.recipe.frame_samples
    noise = torch.randn(1, samples, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        return detector.eval()(0.1 * noise).frames


def test_labels_keep_what_is_known_of_them_wherever_they_are(tiny_checkpoint: Checkpoint) -> None:
    """Among new ones, and in another order."""
    labels, recipe = ("dog", "rooster", "chainsaw"), tiny_checkpoint.recipe
    detector = Detector(recipe, len(labels))
    start_from(detector, recipe, labels, tiny_checkpoint)
    expected = logits(tiny_checkpoint.detector, tiny_checkpoint)
    torch.testing.assert_close(logits(detector, tiny_checkpoint)[..., [2, 1]], expected)


def test_labels_in_common_are_not_needed(tiny_checkpoint: Checkpoint) -> None:
    """The layers below the classifier are taken."""
    detector, recipe = Detector(tiny_checkpoint.recipe, 1), tiny_checkpoint.recipe
    before = detector.head.classify_coarse.weight.clone()
    start_from(detector, recipe, ("dog",), tiny_checkpoint)
    assert torch.equal(before, detector.head.classify_coarse.weight)
    trained = tiny_checkpoint.detector
    assert torch.equal(trained.embedder.project.weight, detector.embedder.project.weight)
    assert torch.equal(trained.head.attention.inward.bias, detector.head.attention.inward.bias)


def test_a_network_with_an_encoder_begins_with_one_that_has_none(tiny_checkpoint: Checkpoint, tmp_path: Path) -> None:
    """What it makes of the vectors is its own."""
    recipe = encoder_recipe(tmp_path)
    require_startable(tiny_checkpoint, recipe)
    detector = Detector(recipe, 2)
    assert detector.encoder is not None
    before = detector.encoder.project.weight.clone()
    start_from(detector, recipe, tiny_checkpoint.labels, tiny_checkpoint)
    assert torch.equal(before, detector.encoder.project.weight)
    assert torch.equal(tiny_checkpoint.detector.head.classify_fine.weight, detector.head.classify_fine.weight)


@pytest.mark.parametrize(
    ("table", "key", "value", "message"),
    [
        ("network", "embedding_size", 32, r"embedding_size \(16 there, 32 here\)"),
        ("frontend", "n_mels", 40, r"n_mels \(64 there, 40 here\)"),
    ],
)
def test_another_network_is_refused(
    tiny_checkpoint: Checkpoint, table: str, key: str, value: int, message: str
) -> None:
    """With what differs."""
    recipe = tiny_checkpoint.recipe
    changes = {"embedding_size": 32, "gru_size": 16} if key == "embedding_size" else {key: value}
    other = dataclasses.replace(getattr(recipe, table), **changes)
    with pytest.raises(RecipeError, match=message):
        require_startable(tiny_checkpoint, dataclasses.replace(recipe, **{table: other}))
