from pathlib import Path

import pytest
import torch
from torch import Tensor

from sed.errors import RecipeError
from sed.network.detector import Detector
from sed.network.encoder import EncoderBranch, Interpolation
from sed.recipe.config import Recipe, load_recipe
from tests.sed.network.encoders import encoder_recipe


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    """A network with an encoder of 0.3 s windows, one every 4 frames."""
    return encoder_recipe(tmp_path)


def detector(recipe: Recipe) -> Detector:
    """An untrained one."""
    torch.manual_seed(0)
    return Detector(recipe, classes=3).eval()


def sound(recipe: Recipe, frames: int) -> Tensor:
    """Noise of so many frames, after its context."""
    return 0.1 * torch.randn(2, recipe.context_samples + frames * recipe.frame_samples)


def test_a_vector_is_that_of_the_samples_that_end_with_its_frame(recipe: Recipe) -> None:
    """Windows count from the source's first frame, whatever the call begins with."""
    branch, audio = EncoderBranch(recipe), sound(recipe, 11)
    for old, ends in ((0, (4, 8)), (4, (4, 8)), (6, (2, 6, 10)), (7, (1, 5, 9))):
        stops = [recipe.context_samples + end * recipe.frame_samples for end in ends]
        expected = [branch.encoder(audio[:, stop - 4800 : stop]) for stop in stops]
        torch.testing.assert_close(branch.vectors(audio, old), torch.stack(expected, dim=1))
        placed = branch.place(branch.vectors(audio, old), old, 11)
        assert [end - 1 for end in ends] == torch.nonzero(placed.abs().sum(dim=(0, 2))).flatten().tolist()


def test_a_call_may_end_no_window(recipe: Recipe) -> None:
    """A hop may be shorter than the encoder's."""
    branch, audio = EncoderBranch(recipe), sound(recipe, 2)
    assert (2, 0, 6) == tuple(branch.vectors(audio, 1).shape)
    assert 0 == branch.place(branch.vectors(audio, 1), 1, 2).abs().max()


def test_silence_has_no_vector(recipe: Recipe) -> None:
    """So one embedding of silence, as often as a window needs, stands for what was before a source."""
    network = detector(recipe)
    silent = torch.zeros(1, recipe.context_samples + 12 * recipe.frame_samples)
    embeddings = network.step(silent, torch.zeros(1, 0, recipe.state_size))[2]
    torch.testing.assert_close(embeddings, embeddings[:, :1].expand_as(embeddings), atol=1e-6, rtol=0)


def test_embeddings_of_parts_equal_those_of_the_whole(recipe: Recipe) -> None:
    """Each part is preceded by its real context."""
    network, audio = detector(recipe), sound(recipe, 24)
    none = torch.zeros(2, 0, recipe.state_size)
    whole, state = network.step(audio, none), none
    for start, stop in ((0, 1), (1, 3), (3, 11), (11, 24)):
        piece = audio[:, start * recipe.frame_samples : recipe.context_samples + stop * recipe.frame_samples]
        scores, _, state = network.step(piece, state)
    torch.testing.assert_close(state, whole[2], atol=1e-5, rtol=0)
    torch.testing.assert_close(scores, whole[0], atol=1e-5, rtol=0)
    torch.testing.assert_close(torch.sigmoid(network(audio).frames), whole[0], atol=1e-5, rtol=0)


def test_vectors_are_interpolated_between_the_middles_of_their_windows(recipe: Recipe) -> None:
    """A ramp stays a ramp: the vector of a window of 6 frames that ends at frame t holds for frame t - 3."""
    ends = torch.arange(1.0, 41.0)
    placed = torch.where(ends % 4 == 0, ends - 3, 0)[None, :, None]
    coarse = Interpolation(recipe)(placed)[0, :, 0]
    middles = torch.arange(1.0, 41.0, 2.0)
    torch.testing.assert_close(coarse[1:18], middles[1:18])
    assert 22 == len(coarse)


def test_a_score_depends_on_the_encoder_alone_too(recipe: Recipe) -> None:
    """What is trained is the projection; the encoder's own weights are no parameters."""
    network, audio = detector(recipe), sound(recipe, 40)
    logmel, vectors = network.logmel(audio), network.encode(audio)
    assert vectors is not None
    before, after = network.predict(logmel, vectors).frames, network.predict(logmel, vectors.flip(1)).frames
    assert (before - after).abs().max() > 1e-3
    assert ["encoder.project.weight"] == [name for name, _ in network.named_parameters() if "encoder" in name]


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('"sound"', '"audio"', "cannot be run .* compare input, output and window_samples"),
        ("window_samples = 4800", "window_samples = 16", "cannot be run .*"),
        ("vector_size = 6", "vector_size = 7", r"gives \(0, 6\) for no windows, expected \(0, 7\)"),
    ],
)
def test_a_table_that_does_not_fit_its_graph_is_an_error(tmp_path: Path, before: str, after: str, message: str) -> None:
    """Before any training."""
    encoder_recipe(tmp_path)
    table = tmp_path / "encoder.toml"
    table.write_text(table.read_text().replace(before, after))
    with pytest.raises(RecipeError, match=message):
        Detector(load_recipe(tmp_path / "encoded.toml"), classes=1)
