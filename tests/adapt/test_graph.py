from pathlib import Path

import numpy as np
import pytest

from adapt.correction import Correction
from adapt.graph import with_correction
from edge.model.inference import Model
from edge.model.library import shipped_models


def random_correction(model: Model, shift: int, width: int, seed: int) -> Correction:
    """Small weights for all classes."""
    rng = np.random.default_rng(seed)
    weights = rng.normal(0, 0.002, (model.embedding_size, len(model.card.labels)))
    bias = rng.normal(0, 1, len(model.card.labels))
    return Correction(weights.astype(np.float32), bias.astype(np.float32), shift, width)


@pytest.mark.parametrize(("name", "shift", "width"), [("esc10", 3, 2), ("esc10", 3, 10), ("general", 1, 1)])
def test_a_corrected_file_gives_the_corrected_scores(name: str, shift: int, width: int, tmp_path: Path) -> None:
    """Of any file of the contract; a second correction adds to the first, and embeddings stay."""
    path = shipped_models()[name]
    old = Model(path, "cpu")
    corrections = [random_correction(old, shift, width, seed) for seed in (1, 2)]
    content = path.read_bytes()
    for correction in corrections:
        content = with_correction(content, correction, str(path))
    (tmp_path / "new.onnx").write_bytes(content)
    new = Model(tmp_path / "new.onnx", "cpu")
    audio = np.random.default_rng(0).normal(0, 0.1, (1, old.card.context_samples + 10 * old.card.frame_samples))
    before, after = (model.step(audio.astype(np.float32), _none(model)) for model in (old, new))
    expected = before.scores[0]
    for correction in corrections:
        expected = correction.apply(expected, before.embeddings[0])
    known = (before.scores[0] > 1e-6) & (before.scores[0] < 1 - 1e-6)  # logits beyond cannot be told from scores
    np.testing.assert_allclose(after.scores[0][known], expected[known], atol=1e-3)
    np.testing.assert_array_equal(after.embeddings, before.embeddings)


def _none(model: Model) -> "np.ndarray[tuple[int, int, int], np.dtype[np.float32]]":
    return np.zeros((1, 0, model.embedding_size), dtype=np.float32)
