"""What a training step costs, part by part, in milliseconds a scene: which of them holds up the rest?"""

import itertools
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.cost.timing import Subject
from edge.sources import read_audio
from sed.data import Corpus
from sed.recipe import Recipe
from sed.training import SceneDataset, Target, TrainingModule, augment_audio, augment_logmel

LOADING = ("decode a clip", "the same from the cache", "mix a scene")
ENCODER = "pretrained encoder"
NETWORK = ("frontend", "augmentation", ENCODER, "network, there and back", "step of AdamW")


def parts_of_a_step(recipe: Recipe, corpus: Corpus) -> dict[str, Subject]:
    """What to time: loading in one process, and the network on one core, with a pretrained encoder if it has one.

    Args:
        recipe: of the run.
        corpus: clips to learn from.
    """
    module = TrainingModule(recipe, corpus, None)
    module.train()
    scenes = SceneDataset(module.mixer, (recipe.training.seed, 0), 0, 1_000_000)
    numbers, clips = itertools.count(), itertools.cycle(corpus.clips)
    batch = torch.utils.data.default_collate([scenes[next(numbers)] for _ in range(recipe.training.batch_size)])
    step = _Step(module, batch)
    size = float(recipe.training.batch_size)
    loading = (
        lambda: read_audio(next(clips).path, recipe.frontend.sample_rate),
        lambda: np.asarray(next(clips).audio[:]),
        lambda: scenes[next(numbers)],
    )
    network = (step.frontend, step.augment, step.encode, step.there_and_back, step.update)
    return {name: Subject(1.0, call) for name, call in zip(LOADING, loading, strict=True)} | {
        name: Subject(size, call)
        for name, call in zip(NETWORK, network, strict=True)
        if recipe.has_encoder or name != ENCODER
    }


class _Step:
    """One batch, again and again."""

    def __init__(self, module: TrainingModule, batch: tuple[Tensor, Target]) -> None:
        self._module, (self._audio, self._target) = module, batch
        optimisers: Any = module.configure_optimizers()
        self._optimiser = optimisers["optimizer"]
        self._logmel, self._vectors = module.logmel(self._audio), module.encode(self._audio)

    def frontend(self) -> None:
        self._module.logmel(self._audio)

    def augment(self) -> None:
        _, target = augment_audio(self._audio, self._target, self._module.recipe)
        augment_logmel(self._logmel, target, self._module.recipe)

    def encode(self) -> None:
        self._module.encode(self._audio)

    def there_and_back(self) -> None:
        mixed = self._module.recipe.training.precision != "32-true"
        with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
            prediction = self._module.predict(self._logmel, self._vectors)
        self._module.loss(prediction, self._target).backward()

    def update(self) -> None:
        self._optimiser.step()
