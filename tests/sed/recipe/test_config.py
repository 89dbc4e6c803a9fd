from pathlib import Path

import pytest

from sed.errors import RecipeError
from sed.recipe.config import DecodingConfig, NetworkConfig, Recipe, load_recipe
from tests.conftest import ROOT, TINY_RECIPE


def test_a_recipe_survives_being_written_and_read(tmp_path: Path) -> None:
    """As a checkpoint does."""
    (tmp_path / "tiny.toml").write_text(TINY_RECIPE)
    recipe = load_recipe(tmp_path / "tiny.toml")
    assert recipe == Recipe.from_dict(recipe.to_dict(), "again")
    assert ("tiny", (4, 8), 2.0) == (recipe.name, recipe.network.widths, recipe.stream.window)


@pytest.mark.parametrize("path", sorted((ROOT / "recipes").glob("*.toml")), ids=lambda path: path.stem)
def test_the_recipes_of_the_project_are_valid(path: Path) -> None:
    """Every recipe loads, and its frames divide the hops that users ask for."""
    recipe = load_recipe(path)
    for hop in (0.1, 0.25, 0.5, 1.0):
        assert recipe.frames(hop) * recipe.frame_seconds == pytest.approx(hop)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[network]\nwidth = [1]", r"\[?network\]?: unknown key 'width'; did you mean 'widths'"),
        ("[trainin]\n", "unknown key 'trainin'; did you mean 'training'"),
        ("[training]\nsteps = 'many'", "training steps: expected int, got 'many'"),
        ("[training]\nsteps = true", "expected int, got True"),
        ("[training]\nsteps = 0", "must be positive"),
        ("[training]\nseed = -1", "seed must be 0 to 4294967295, got -1"),
        ("[scenes]\nevents_mean = inf", "scenes events_mean: expected a finite number, got inf"),
        ("[network]\nwidths = 3", "expected a list, got 3"),
        ("[frontend]\nfmax = 9000.0", "fmin < fmax <= sample_rate / 2"),
        ("[data]\ntrain_folds = [1]\nvalidation_folds = [1]", "both trained on and validated on"),
        ("[decoding.dog]\non = 0.2", "off <= on"),
        ("[decoding.dog]\nmerge = -1.0", "merge_frames at least 0"),
        ("[stream]\nhop = 0.13", "stream.hop must be a whole number of frames of 0.05 s"),
        ("[stream]\nhop = 0.01", "stream.hop must be a whole number"),
        ("[scenes]\nseconds = 0.13", "scenes.seconds must be a whole number of frames of 0.05 s"),
        ("[stream]\nwindow = 1.5", "stream.window must be at least hop \\+ lookahead"),
        ("[training]\nsteps = 100\nwarmup_steps = 100", "warmup_steps must be 1 to steps - 1"),
        ("[training]\nprecision = '8'", "precision must be 32-true or"),
        ("[training]\nema_decay = 1.5", "ema_decay must be 0 or more and below 1"),
        ("[training]\nlearning_rate = -1.0", "learning_rate must be positive"),
        ("[training]\nsteps = 100\nvalidate_every_steps = 30\nwarmup_steps = 9", "a multiple of validate_every_steps"),
        ("[training]\nselect = 'best'", "select must be frame_map or"),
        ("[data]\nvalidation_folds = []", "set training.select"),
        ("[data]\nvalidation_scenes = 0", "validation_scenes must be positive"),
        ("[network]\ndropout = 2.0", "dropout must be 0 or more and below 1"),
        ("[network]\nwidths = [4, -8, 4, 4]", "widths must be positive"),
        ("[network]\ntime_strides = [0, 2, 1, 1]", "time_strides must be positive"),
        ("[network]\nattention_heads = -1", "attention_heads must divide"),
        ("[augment]\nmel_mask_bins = 100", "a mask must fit: augment.mel_mask_bins 100 of 64 bins"),
        ("[augment]\nmixup_labels = 'loud'", "mixup_labels must be soft or hard"),
        ("[scenes]\nrecordings = 1.5", "recordings is a probability"),
        ("[loss]\nkind = 'hinge'", "kind must be bce or focal"),
        ("[loss]\nclass_weights = {dog = -1.0}", "class_weights must not be negative, as for dog"),
        ("network = 3", "expected a table, got 3"),
        ("[network", "is not valid TOML"),
    ],
)
def test_a_wrong_recipe_is_explained(tmp_path: Path, text: str, message: str) -> None:
    """The error names the key, what came and what was expected."""
    (tmp_path / "wrong.toml").write_text(text)
    with pytest.raises(RecipeError, match=message):
        load_recipe(tmp_path / "wrong.toml")


def test_a_missing_recipe_is_explained(tmp_path: Path) -> None:
    """The error names the file."""
    with pytest.raises(RecipeError, match=r"none\.toml: cannot be read"):
        load_recipe(tmp_path / "none.toml")


def test_seconds_become_frames() -> None:
    """A median length is odd, and a shortest event at least one frame."""
    frames = DecodingConfig(median=0.3, shortest=0.0, merge=0.2).to_frames(0.05)
    assert (0, 1) == (frames.median_frames % 2 - 1, frames.shortest_frames)
    assert 4 == frames.merge_frames


def test_a_class_without_its_own_decoding_gets_the_default() -> None:
    """First the class's table, then `default`, then the defaults."""
    recipe = Recipe(name="x", decoding={"dog": DecodingConfig(on=0.9), "default": DecodingConfig(on=0.7)})
    assert (0.9, 0.7) == (recipe.class_decoding("dog").on, recipe.class_decoding("cat").on)
    assert DecodingConfig().on == Recipe(name="x").class_decoding("cat").on


def test_decoding_of_an_unknown_label_is_refused() -> None:
    """Else a misspelled label would leave its class with the defaults."""
    recipe = Recipe(name="x", decoding={"default": DecodingConfig(), "roster": DecodingConfig()})
    with pytest.raises(RecipeError, match="did you mean 'rooster'"):
        recipe.require_labels(["dog", "rooster"])


def test_an_impossible_network_is_refused() -> None:
    """Attention heads that do not divide the size, lists of different lengths."""
    with pytest.raises(ValueError, match="attention_heads must divide"):
        NetworkConfig(attention_heads=3)
    with pytest.raises(ValueError, match="one entry for each block"):
        NetworkConfig(widths=(1,))
