import copy
import dataclasses
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from edge.model.inference import Model
from edge.model.library import shipped_models
from export import write
from export.checks import LIMITS
from export.cli.export import export
from export.errors import ParityError
from export.parity import compare, require_parity
from sed.network.checkpoint import Checkpoint, TorchModel, load_checkpoint, make_card
from sed.network.detector import Detector
from sed.recipe.config import NetworkConfig, Recipe
from tests.conftest import ROOT, invoke


def test_the_file_carries_its_card(tiny_file: Path, tiny_checkpoint: Checkpoint) -> None:
    """The checkpoint's card, with the parity that was measured."""
    card = Model(tiny_file).card
    assert make_card(tiny_checkpoint) == dataclasses.replace(card, parity={})
    assert 0.0 <= card.parity["probability"] <= LIMITS["fp32"].score
    assert ["tiny.onnx"] == [path.name for path in tiny_file.parent.iterdir()]


def test_no_file_says_where_it_was_written(tiny_file: Path) -> None:
    """The exporter's traces name the paths of its machine: neither an exported file nor a shipped one has them."""
    for path in (tiny_file, *shipped_models().values()):
        content = path.read_bytes()
        assert (False, False) == (b"stack_trace" in content, str(ROOT).encode() in content), path


def test_the_contract_is_visible_in_the_file(tiny_file: Path, tiny_checkpoint: Checkpoint) -> None:
    """Names and dynamic sizes of inputs and outputs."""
    proto = onnx.load(tiny_file)
    recipe = tiny_checkpoint.recipe
    shapes = {
        node.name: [dim.dim_param or dim.dim_value for dim in node.type.tensor_type.shape.dim]
        for node in [*proto.graph.input, *proto.graph.output]
    }
    assert shapes == {
        "audio": ["batch", f"{recipe.frame_samples}*k + {recipe.context_samples}"],
        "embeddings": ["batch", "M", 16],
        "scores": ["batch", "M + k", 2],
        "clip_scores": ["batch", 2],
        "embeddings_out": ["batch", "M + k", 16],
    }


@pytest.mark.parametrize(
    ("batch", "old", "new"), [(1, 0, 1), (1, 0, 700), (5, 0, 3), (1, 39, 1), (2, 1, 1), (3, 17, 23)]
)
def test_any_sizes_run_and_agree(tiny_file: Path, tiny_checkpoint: Checkpoint, batch: int, old: int, new: int) -> None:
    """Batch, M and k are free."""
    recipe = tiny_checkpoint.recipe
    rng = np.random.default_rng(0)
    audio = 0.1 * rng.standard_normal((batch, recipe.context_samples + new * recipe.frame_samples), dtype=np.float32)
    embeddings = rng.random((batch, old, recipe.network.embedding_size), dtype=np.float32)
    ours, theirs = (made.step(audio, embeddings) for made in (TorchModel(tiny_checkpoint), Model(tiny_file)))
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, atol=LIMITS["fp32"].score)


@pytest.mark.parametrize(
    ("head_stride", "gru_size", "heads"),
    [
        (3, 12, 4),
        (2, 0, 0),
        *(pytest.param(*sizes, marks=pytest.mark.slow) for sizes in ((1, 12, 4), (8, 12, 0), (2, 0, 4))),
    ],
)
def test_other_networks_export(tmp_path: Path, head_stride: int, gru_size: int, heads: int) -> None:
    """Any size and frame rate that a recipe can express."""
    recipe = Recipe(
        name="other",
        licence="MIT",
        network=NetworkConfig(
            widths=(4, 4, 8),
            time_strides=(2, 1, 1),
            second_time_kernels=(1, 3, 5),
            embedding_size=24,
            gru_size=gru_size,
            head_stride=head_stride,
            attention_heads=heads,
        ),
    )
    torch.manual_seed(0)
    checkpoint = Checkpoint(recipe=recipe, labels=("one",), detector=Detector(recipe, 1).eval())
    comparisons = list(write.export(checkpoint, tmp_path / "o.onnx", {}))
    assert max(comparison.probability for comparison in comparisons) <= LIMITS["fp32"].score
    assert 400 / 16_000 == Model(tmp_path / "o.onnx").card.frame_seconds


def test_a_file_that_says_something_else_is_not_written(
    tiny_checkpoint: Checkpoint, tiny_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A graph whose weights differ a little fails, names the worst case, and leaves nothing behind."""
    detector = copy.deepcopy(tiny_checkpoint.detector)
    with torch.no_grad():
        detector.head.classify_coarse.bias += 0.001
    other = dataclasses.replace(tiny_checkpoint, detector=detector)
    monkeypatch.setattr(write, "to_onnx", lambda *_, **__: onnx.load(tiny_file))
    with pytest.raises(ParityError, match=r"differs from the trained network by 0\.000\d+ in a probability"):
        list(write.export(other, tmp_path / "o.onnx", {}))
    assert [] == list(tmp_path.iterdir())
    assert 1 == ParityError.exit_code


def test_a_graph_that_says_nothing_is_no_match(tiny_file: Path, tiny_checkpoint: Checkpoint) -> None:
    """A NaN is the worst difference of all."""
    detector = copy.deepcopy(tiny_checkpoint.detector)
    with torch.no_grad():
        detector.head.classify_coarse.bias[0] = torch.nan
    comparisons = list(compare(dataclasses.replace(tiny_checkpoint, detector=detector), tiny_file, {}))
    with pytest.raises(ParityError, match="by nan"):
        require_parity(comparisons, LIMITS["fp32"].score)


@pytest.mark.parametrize(
    ("checkpoint", "out", "code", "message"),
    [
        ("none.ckpt", "a.onnx", 1, "none.ckpt: cannot be read"),
        ("text.ckpt", "a.onnx", 1, "text.ckpt: is not a checkpoint"),
        ("text.ckpt", "a.txt", 2, "expected a name that ends in .onnx"),
        ("text.ckpt", "none/a.onnx", 2, "does not exist; make it first"),
    ],
)
def test_bad_input_gets_one_clear_line(tmp_path: Path, checkpoint: str, out: str, code: int, message: str) -> None:
    """And no file appears."""
    (tmp_path / "text.ckpt").write_text("no weights")
    done = invoke(export, tmp_path / checkpoint, tmp_path / out)
    assert (code, 1) == (done.exit_code, len(done.stderr.splitlines()))
    assert message in done.stderr
    assert ["text.ckpt"] == [path.name for path in tmp_path.iterdir()]


def test_a_checkpoint_can_be_loaded_again_after_export(tiny_run: Path, tiny_file: Path) -> None:
    """Exporting changes nothing about what was trained."""
    assert Model(tiny_file).card.model_id == make_card(load_checkpoint(tiny_run / "model.ckpt")).model_id
