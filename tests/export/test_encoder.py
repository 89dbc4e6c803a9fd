"""A model with a pretrained encoder is one file of the same contract."""

import base64
import dataclasses
from pathlib import Path

import numpy as np
import onnx
import pytest

from edge.model.inference import Floats, Model
from edge.model.score_stream import window_of
from export import write
from export.checks import LIMITS, stream_difference
from export.errors import EncoderError
from export.graph import ENCODER_PREFIX, with_encoder
from export.quantize import to_int8
from sed.network.checkpoint import Checkpoint, TorchModel
from tests.sed.network.encoders import encoder_checkpoint


@pytest.fixture(scope="module")
def encoded(encoded_file: Path) -> tuple[Checkpoint, Path]:
    """An untrained network with a small encoder, and its file."""
    return encoder_checkpoint(encoded_file.parent), encoded_file


@pytest.mark.parametrize("hop", [0.05, 0.15, 0.2, 0.5, 0.75])
def test_a_stream_equals_its_windows_from_scratch(
    encoded: tuple[Checkpoint, Path], demo_audio: Floats, hop: float
) -> None:
    """For hops with and without a window of the encoder in each step."""
    model = Model(encoded[1])
    audio = demo_audio[: 9 * 16_000]
    assert stream_difference(model, audio, window_of(model.card, hop_seconds=hop)) <= LIMITS["fp32"].stream


@pytest.mark.parametrize(("batch", "old", "new"), [(1, 0, 1), (3, 0, 90), (2, 5, 2), (2, 7, 1), (1, 17, 23)])
def test_any_sizes_run_and_agree(encoded: tuple[Checkpoint, Path], batch: int, old: int, new: int) -> None:
    """With the network in torch, whose encoder is a graph of its own."""
    checkpoint, path = encoded
    recipe, rng = checkpoint.recipe, np.random.default_rng(0)
    audio = 0.1 * rng.standard_normal((batch, recipe.context_samples + new * recipe.frame_samples), dtype=np.float32)
    embeddings = rng.random((batch, old, recipe.state_size), dtype=np.float32)
    ours, theirs = (model.step(audio, embeddings) for model in (TorchModel(checkpoint), Model(path)))
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, atol=LIMITS["fp32"].score)


def test_the_vectors_count(encoded: tuple[Checkpoint, Path], demo_audio: Floats) -> None:
    """Scores with the vectors of another moment are others."""
    model, size = Model(encoded[1]), encoded[0].recipe.network.embedding_size
    audio = demo_audio[None, : model.card.context_samples + 80 * model.card.frame_samples]
    embeddings = model.step(audio, np.zeros((1, 0, model.embedding_size), dtype=np.float32)).embeddings[:, :60]
    moved = np.concatenate([embeddings[..., :size], np.roll(embeddings[..., size:], 20, axis=1)], axis=2)
    newest = audio[:, : model.card.context_samples + 4 * model.card.frame_samples]
    assert np.abs(model.step(newest, embeddings).scores - model.step(newest, moved).scores).max() > 1e-3


def test_eight_bits_leave_the_encoder_as_it_is(encoded: tuple[Checkpoint, Path], demo_audio: Floats) -> None:
    """A frozen encoder was not trained for them."""
    proto, card = onnx.load(encoded[1]), Model(encoded[1]).card
    graph = to_int8(proto, card, [demo_audio]).graph
    quantised = {node.name for node in graph.node if node.op_type == "DequantizeLinear"}
    assert quantised != set()
    assert not any(name.startswith(ENCODER_PREFIX) for name in quantised)


@pytest.mark.slow
def test_half_precision_and_its_stream_agree(
    encoded: tuple[Checkpoint, Path], demo_audio: Floats, tmp_path: Path
) -> None:
    """With the encoder in fp32."""
    comparisons = list(write.export(encoded[0], tmp_path / "half.onnx", {}, "fp16"))
    assert max(comparison.probability for comparison in comparisons) <= LIMITS["fp16"].score
    model = Model(tmp_path / "half.onnx")
    assert stream_difference(model, demo_audio[: 9 * 16_000], window_of(model.card)) <= LIMITS["fp16"].stream


def test_an_encoder_of_foreign_operators_is_refused(encoded: tuple[Checkpoint, Path]) -> None:
    """The file must run wherever ONNX Runtime does."""
    config = encoded[0].recipe.encoder
    encoder = onnx.load_from_string(config.file)
    encoder.opset_import.append(onnx.helper.make_opsetid("com.example", 1))
    content = base64.b64encode(encoder.SerializeToString()).decode()
    with pytest.raises(EncoderError, match=r"operators of com\.example"):
        with_encoder(onnx.load(encoded[1]), dataclasses.replace(config, content=content))
