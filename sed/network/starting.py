"""The weights of a trained network as the start of another training."""

from collections.abc import Sequence

import torch
from torch import Tensor

from sed.errors import RecipeError
from sed.network.checkpoint import Checkpoint
from sed.network.detector import Detector
from sed.recipe import Recipe

_FREE = {"dropout", "encoder", "encoder_hop"}  # settings of [network] that change no layer of it
_OF_ENCODER, _OF_LABELS = "encoder.project.", "head.classify_"


def require_startable(start: Checkpoint, recipe: Recipe) -> None:
    """Check that a checkpoint has the layers that a recipe asks for; a pretrained encoder may be another.

    Raises:
        RecipeError: if not; it names the settings.
    """
    differing = []
    for table in ("frontend", "network"):
        theirs, ours = getattr(start.recipe, table).to_dict(), getattr(recipe, table).to_dict()
        differing += [
            f"{key} ({theirs[key]} there, {value} here)"
            for key, value in ours.items()
            if key not in _FREE and theirs[key] != value
        ]
    if differing:
        raise RecipeError(
            f"the model of --start has another network: {', '.join(differing)}; give the recipe its [frontend] and "
            "[network], or a model of this recipe's"
        )


def start_from(detector: Detector, recipe: Recipe, labels: Sequence[str], start: Checkpoint) -> None:
    """Give a new network the weights of a trained one: all but those of labels, or an encoder, that only one has.

    Args:
        detector: changed in place.
        recipe: the new network's; see `require_startable`.
        labels: the new network's.
        start: where the weights come from.
    """
    trained = start.detector.state_dict()
    rows = _shared_rows(labels, start.labels)
    with torch.no_grad():
        for name, weights in detector.state_dict().items():
            if name.startswith(_OF_LABELS):
                ours, theirs = rows
                weights[ours] = trained[name][theirs]
            elif name in trained and not (name.startswith(_OF_ENCODER) and start.recipe.encoder != recipe.encoder):
                weights.copy_(trained[name])


def _shared_rows(labels: Sequence[str], trained: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Rows of a classifier that are of labels which both have: of each label one for frames, and one for pooling."""
    pairs = [(labels.index(label), trained.index(label)) for label in labels if label in trained]
    ours = [at for own, _ in pairs for at in (own, own + len(labels))]
    theirs = [at for _, its in pairs for at in (its, its + len(trained))]
    return torch.tensor(ours, dtype=torch.long), torch.tensor(theirs, dtype=torch.long)
