"""Recipes: the settings of a training run, read from TOML and checked.

config             recipes: network, stream, decoder
fields             dataclasses read from plain values
training_config    recipes: scenes, augmentation, loss, optimiser
"""

from sed.recipe.config import DecodingConfig, FrontendConfig, NetworkConfig, Recipe, load_recipe
from sed.recipe.training_config import MOST_SEED, DataConfig, LossConfig, SceneConfig, TrainingConfig

__all__ = [
    "MOST_SEED",
    "DataConfig",
    "DecodingConfig",
    "FrontendConfig",
    "LossConfig",
    "NetworkConfig",
    "Recipe",
    "SceneConfig",
    "TrainingConfig",
    "load_recipe",
]
