from pathlib import Path

import numpy as np
import pytest

from benchmarks.judging.nights import WORLDS, Sounds, halves_of, night_table
from edge.model.inference import Model
from edge.model.library import shipped_model
from edge.session.quiet_hours import Stretch
from sed.data.corpus import load_corpus
from sed.recipe.config import Recipe
from sed.recipe.training_config import DataConfig


def test_a_stretch_is_shared_by_two_nights() -> None:
    """Frame by frame, each with its number."""
    scores = np.arange(7, dtype=np.float32)[:, None]
    first, second = halves_of([Stretch("porch", 20, scores, scores[:, 0] > 4)])
    assert [(20, 3), (23, 4)] == [(half.first_frame, len(half.scores)) for half in (first[0], second[0])]
    assert [False, False, True, True] == second[0].lost.tolist()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_promises_of_made_nights_are_compared(clips: Path) -> None:
    """Three rules a world; a promise that allows for bursts is never below one that does not."""
    recipe, model = Recipe(name="nights"), Model(shipped_model(), "cpu")
    sounds = Sounds(model, load_corpus([clips], model.card.sample_rate, DataConfig()), recipe)
    rows = [line.split() for line in night_table(sounds, [[], []], 2)[1:]]
    promised = {" ".join(row[:-3]): float(row[-3]) for row in rows if "--aim" not in row}
    assert 2 * len(WORLDS) == len(promised)
    by_world = list(promised.values())
    assert all(alone <= night for alone, night in zip(by_world[::2], by_world[1::2], strict=True))
