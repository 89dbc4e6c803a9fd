import pytest
import torch

from sed.network.detector import Detector
from sed.recipe.config import NetworkConfig, Recipe, load_recipe
from tests.conftest import ROOT

RECIPES = [
    Recipe(name="light"),
    Recipe(
        name="other",
        network=NetworkConfig(
            widths=(8, 8, 16),
            time_strides=(1, 2, 2),
            second_time_kernels=(1, 5, 3),
            embedding_size=32,
            gru_size=16,
            head_stride=3,
        ),
    ),
]
WITHOUT = {"cnn": (0, 0), "recurrence": (64, 0), "attention": (0, 4)}


@pytest.fixture(params=RECIPES, ids=lambda recipe: recipe.name)
def recipe(request: pytest.FixtureRequest) -> Recipe:
    """Networks of different shape."""
    made = request.param
    assert isinstance(made, Recipe)
    return made


def detector(recipe: Recipe) -> Detector:
    """An untrained network whose batch norms have seen something."""
    torch.manual_seed(0)
    made = Detector(recipe, classes=3)
    made(0.1 * torch.randn(4, recipe.context_samples + 20 * recipe.frame_samples))
    return made.eval()


@pytest.mark.parametrize(("name", "least", "most"), [("esc10", 0, 1e6), ("mid", 4e6, 6e6)])
def test_networks_have_the_documented_size(name: str, least: float, most: float) -> None:
    """The light one has at most a million parameters, the larger one about five."""
    network = Detector(load_recipe(ROOT / "recipes" / f"{name}.toml"), classes=10)
    assert least <= sum(p.numel() for p in network.parameters()) <= most


def test_context_and_k_frames_give_k_frames(recipe: Recipe) -> None:
    """The lengths that the exported graph promises."""
    network = detector(recipe)
    for frames in (1, 2, 7):
        prediction = network(torch.zeros(2, recipe.context_samples + frames * recipe.frame_samples))
        assert (2, frames, 3) == tuple(prediction.frames.shape)
        assert (2, 3) == tuple(prediction.clip.shape)


def test_embeddings_of_parts_equal_those_of_the_whole(recipe: Recipe) -> None:
    """Each part is preceded by its real context."""
    network = detector(recipe)
    frames = 24
    audio = 0.1 * torch.randn(1, recipe.context_samples + frames * recipe.frame_samples)
    none = torch.zeros(1, 0, recipe.network.embedding_size)
    whole = network.step(audio, none)[2]
    state = none
    for start, stop in ((0, 1), (1, 6), (6, 24)):
        piece = audio[:, start * recipe.frame_samples : recipe.context_samples + stop * recipe.frame_samples]
        state = network.step(piece, state)[2]
    torch.testing.assert_close(state, whole, atol=1e-5, rtol=0)


def test_the_context_is_as_short_as_possible(recipe: Recipe) -> None:
    """The first sample of the context still changes the first frame."""
    network = detector(recipe)
    audio = (0.1 * torch.randn(1, recipe.context_samples + recipe.frame_samples)).requires_grad_()
    network.embedder(network.frontend(audio)).sum().backward()
    assert audio.grad is not None
    # The analysis window is 0 at its very first sample.
    assert audio.grad[0, 1:20].abs().sum() > 0
    assert audio.grad[0, -20:].abs().sum() > 0


def test_the_shift_centres_features_on_their_frame(recipe: Recipe) -> None:
    """Without recurrence and attention, the response to an impulse is centred on its frame."""
    network = detector(recipe)
    frames = 40
    audio = torch.zeros(2, recipe.context_samples + frames * recipe.frame_samples)
    audio[1, recipe.context_samples + 20 * recipe.frame_samples + recipe.frame_samples // 2] = 1.0
    embeddings = network.embedder(network.frontend(audio))
    answer = (embeddings[1] - embeddings[0]).abs().sum(dim=1)
    touched = torch.nonzero(answer > 1e-4).flatten() - network.head.shift_frames
    assert abs(float(touched.float().mean()) - 20) <= 1.0


def test_batches_do_not_mix(recipe: Recipe) -> None:
    """A recording has the same scores alone and in a batch."""
    network = detector(recipe)
    audio = 0.1 * torch.randn(3, recipe.context_samples + 10 * recipe.frame_samples)
    torch.testing.assert_close(network(audio).frames[1], network(audio[1:2]).frames[0], atol=1e-5, rtol=0)


@pytest.mark.parametrize("parts", WITHOUT.values(), ids=WITHOUT)
def test_recurrence_and_attention_can_be_left_out(parts: tuple[int, int]) -> None:
    """Without both, a score depends on the frames nearby only; with one of them, on the whole window."""
    gru_size, attention_heads = parts
    made = Recipe(name="x", network=NetworkConfig(gru_size=gru_size, attention_heads=attention_heads))
    network = detector(made)
    audio = (0.1 * torch.randn(1, made.context_samples + 60 * made.frame_samples)).requires_grad_()
    network(audio).frames[0, 50].sum().backward()
    assert audio.grad is not None
    far = audio.grad[0, made.context_samples : made.context_samples + 20 * made.frame_samples].abs().max()
    assert bool(far > 0) == (gru_size + attention_heads > 0)
