from pathlib import Path

import pytest

from edge.model.inference import Floats
from sed.errors import RecipeError
from sed.network.encoder import Encoder
from sed.recipe.config import Recipe, load_recipe
from sed.recipe.encoder import load_encoder, shipped_encoders
from tests.conftest import ROOT
from tests.sed.network.encoders import encoder_recipe


def test_a_recipe_holds_its_encoder_whole(tmp_path: Path) -> None:
    """Its path is relative to the recipe; what a checkpoint keeps needs the file no more."""
    recipe = encoder_recipe(tmp_path)
    assert (tmp_path / "encoder.onnx").read_bytes() == recipe.encoder.file
    assert recipe == Recipe.from_dict(recipe.to_dict(), "checkpoint")
    # Windows of 4800 samples end with frames of 800; vectors lie on a grid of 4 frames, features need less context.
    assert (4000, 4, 32) == (recipe.context_samples, recipe.grid_frames, recipe.state_size)


def test_a_checkpoint_from_before_encoders_is_read() -> None:
    """Without an encoder nothing is different."""
    values = Recipe(name="old").to_dict()
    del values["encoder"], values["network"]["encoder"], values["network"]["encoder_hop"]
    recipe = Recipe.from_dict(values, "old.ckpt")
    assert (False, 5312, 2, 128) == (recipe.has_encoder, recipe.context_samples, recipe.grid_frames, recipe.state_size)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('"encoder.onnx"', '"distiled"', "did you mean 'distilled'"),
        ('"encoder.onnx"', '"other.onnx"', r"other\.toml: cannot be read .* with a \.toml beside it"),
        ("encoder_hop = 0.2", "encoder_hop = 0.15", r"encoder_hop must be a multiple of 0\.1 s"),
        ("lookahead = 0.5", "lookahead = 0.3", r"lookahead must be at least 0\.35 s"),
        ("[stream]", "[frontend]\nsample_rate = 32000\n[stream]", "set frontend.sample_rate to the encoder's"),
        ("[stream]", "[encoder]\n[stream]", "name an encoder by"),
    ],
)
def test_an_encoder_that_does_not_fit_is_an_error(tmp_path: Path, before: str, after: str, message: str) -> None:
    """It says what was expected."""
    encoder_recipe(tmp_path)
    path = tmp_path / "encoded.toml"
    path.write_text(path.read_text().replace(before, after))
    with pytest.raises(RecipeError, match=message):
        load_recipe(path)


@pytest.mark.parametrize("name", shipped_encoders())
def test_shipped_encoders_are_what_their_tables_say(name: str, demo_audio: Floats) -> None:
    """Each gives vectors of its size, and has a source and a licence."""
    import torch

    config = load_encoder(name, ROOT)
    windows = torch.from_numpy(demo_audio[: 50 * config.window_samples].reshape(50, -1).copy())
    vectors = Encoder(config)(windows)
    assert (50, config.vector_size) == tuple(vectors.shape)
    assert torch.isfinite(vectors).all() and vectors.std(dim=0).min() > 0
    assert "" not in (config.source, config.licence)
    assert len(config.file) <= 2_000_000
