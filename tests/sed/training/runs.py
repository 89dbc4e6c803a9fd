"""Runs of sed-train for the tests, in this process or killed, and the tiny recipe's untrained network."""

import csv
import subprocess
import time
import tomllib
from pathlib import Path
from typing import Any

import torch
from click.testing import Result

from sed.cli.train import train as sed_train
from sed.data.corpus import load_corpus
from sed.recipe.config import Recipe
from sed.training.module import TrainingModule
from tests.conftest import TINY_RECIPE, command, invoke


def train(*arguments: object) -> Result:
    """Run sed-train in this process."""
    return invoke(sed_train, *arguments)


def train_and_kill(recipe: Path, clips: Path, out: Path) -> None:
    """Begin a run, and kill it after its first checkpoint."""
    with subprocess.Popen(
        [command("sed-train"), recipe, "--data", clips, "--out", out], stderr=subprocess.DEVNULL
    ) as process:
        while not (out / "last.ckpt").exists():
            assert process.poll() is None
            time.sleep(0.01)
        process.kill()


def losses(folder: Path, column: str = "loss") -> list[float]:
    """The values of a column of metrics.csv."""
    with (folder / "metrics.csv").open() as file:
        return [float(row[column]) for row in csv.DictReader(file) if row[column]]


def tiny_module(clips: Path, kind: type[TrainingModule] = TrainingModule, **changes: Any) -> TrainingModule:
    """The tiny recipe's network, untrained; changes are of its table [training]."""
    values = tomllib.loads(TINY_RECIPE)
    values["training"] |= changes
    return module_of(Recipe.from_dict({"name": "tiny", **values}, "tiny"), clips, kind)


def module_of(recipe: Recipe, clips: Path, kind: type[TrainingModule] = TrainingModule) -> TrainingModule:
    """A recipe's network, untrained."""
    corpus = load_corpus([clips], recipe.frontend.sample_rate, recipe.data)
    torch.manual_seed(recipe.training.seed)
    return kind(recipe, corpus.train_split(recipe.data), corpus.validation_split(recipe.data))
