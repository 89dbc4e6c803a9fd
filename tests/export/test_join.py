"""A joined file is one of the same contract, and averages its members' logits."""

import dataclasses
from pathlib import Path

import numpy as np
import onnx
import pytest

from edge.model.inference import Floats, Model
from edge.model.library import shipped_model
from edge.model.rewriting import with_card
from edge.model.score_stream import window_of
from export.checks import LIMITS, stream_difference
from export.cli.join import join
from export.join import joined_card, read_member
from tests.conftest import invoke


@pytest.fixture(scope="module")
def members(tiny_file: Path, encoded_file: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A light network, and one with a pretrained encoder, of the same labels; windows and grids differ."""
    path, light, card = (
        tmp_path_factory.mktemp("members") / "encoded.onnx",
        Model(tiny_file).card,
        Model(encoded_file).card,
    )
    decoding = dict(zip(light.labels, card.decoding.values(), strict=True))
    same = dataclasses.replace(card, labels=light.labels, decoding=decoding)
    path.write_bytes(with_card(encoded_file.read_bytes(), same, str(encoded_file)))
    return tiny_file, path


@pytest.fixture(scope="module")
def joined(members: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both in one file, by the command that a user types."""
    out = tmp_path_factory.mktemp("joined") / "both.onnx"
    done = invoke(join, *members, "--out", out)
    assert (0, [out]) == (done.exit_code, list(out.parent.iterdir())), done.stderr
    assert f"wrote {out}; next: sed-tune {out} --data RECORDINGS --out TUNED.onnx\n" == done.stderr
    return out


def logit(scores: Floats) -> Floats:
    """Of probabilities that are far from 0 and 1."""
    return np.log(scores / (1 - scores))


def test_its_logits_are_the_mean_of_those_of_its_members(
    members: tuple[Path, Path], joined: Path, demo_audio: Floats
) -> None:
    """Each hears the context that it asks for; neither counts for nothing."""
    models = [Model(path) for path in (*members, joined)]
    contexts = [model.card.context_samples for model in models]
    end = 9 * 16_000 + contexts[2] + 80 * models[2].card.frame_samples
    steps = [
        model.step(
            demo_audio[None, 9 * 16_000 + contexts[2] - context : end],
            np.zeros((1, 0, model.embedding_size), dtype=np.float32),
        )
        for model, context in zip(models, contexts, strict=True)
    ]
    for first, second, both in (map(logit, scores) for scores in list(zip(*steps, strict=True))[:2]):
        np.testing.assert_allclose(both, (first + second) / 2, atol=1e-4)
        assert min(np.abs(both - first).max(), np.abs(both - second).max()) > 0.01
    assert contexts[0] != contexts[1]


@pytest.mark.parametrize("hop", [0.05, 0.2, 0.5])
def test_its_stream_equals_its_windows_from_scratch(joined: Path, demo_audio: Floats, hop: float) -> None:
    """As that of every model."""
    model = Model(joined)
    window = window_of(model.card, hop_seconds=hop)
    assert stream_difference(model, demo_audio[: 9 * 16_000], window) <= LIMITS["fp32"].stream


def test_its_card_tells_of_its_members(members: tuple[Path, Path], joined: Path) -> None:
    """Longest context and window, a grid for both, the settings of the first, where they come from."""
    card, (first, second) = Model(joined).card, (Model(path).card for path in members)
    assert card.context_samples == max(first.context_samples, second.context_samples)
    assert (0, 0) == (card.grid_frames % first.grid_frames, card.grid_frames % second.grid_frames)
    assert (first.labels, first.decoding) == (card.labels, card.decoding)
    assert [first.model_id, second.model_id] == [part["model_id"] for part in card.training["joined"]]
    assert card.model_id.startswith("both-")


def test_a_precision_is_the_coarsest_of_its_members(tiny_file: Path) -> None:
    """So that sed-verify allows what it needs."""
    member = read_member(tiny_file)
    half = member._replace(card=dataclasses.replace(member.card, precision="fp16"))
    assert "fp16" == joined_card([member, half], "both").precision


def test_what_cannot_be_joined_is_refused(tiny_file: Path, tmp_path: Path) -> None:
    """In one line, which says what differs; nothing is written."""
    out = tmp_path / "out.onnx"
    for arguments, message in (
        ((tiny_file, "--out", out), "give two models or more"),
        ((tiny_file, shipped_model(), "--out", out), "has labels chainsaw, clock_tick"),
        ((tiny_file, tiny_file, "--out", tmp_path / "out.ckpt"), "expected a name that ends in .onnx"),
        ((tiny_file, tiny_file, "--out", tiny_file), "exists; give --force"),
    ):
        done = invoke(join, *arguments)
        assert done.exit_code in (1, 2)
        assert message in done.stderr
    assert [] == list(tmp_path.iterdir())


def test_members_of_different_versions_are_refused(tiny_file: Path, tmp_path: Path) -> None:
    """What an operator means may have changed."""
    older = onnx.load(tiny_file)
    older.opset_import[0].version = 19
    onnx.save(older, tmp_path / "older.onnx")
    done = invoke(join, tiny_file, tmp_path / "older.onnx", "--out", tmp_path / "out.onnx")
    assert "older.onnx: uses version 19 of ONNX's operators" in done.stderr
    assert not (tmp_path / "out.onnx").exists()


def test_scores_without_logits_are_refused(tmp_path: Path) -> None:
    """Those of `general` are pooled from probabilities."""
    done = invoke(join, "general", "general", "--out", tmp_path / "out.onnx")
    assert done.exit_code in (1, 2)
    assert "are not made by a sigmoid, so it has no logits to join" in done.stderr


def test_a_joined_file_can_be_a_member(joined: Path, tiny_file: Path, tmp_path: Path) -> None:
    """Its names do not collide."""
    out = tmp_path / "three.onnx"
    assert 0 == invoke(join, joined, tiny_file, "--out", out).exit_code
    names = [name for node in onnx.load(out).graph.node for name in node.output]
    assert len(names) == len(set(names))
    assert Model(out).embedding_size == Model(joined).embedding_size + Model(tiny_file).embedding_size
