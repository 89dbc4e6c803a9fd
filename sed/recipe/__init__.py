"""Recipes: the settings of a training run, read from TOML and checked.

config             the recipe, and its tables of frontend, network, stream and decoder
fields             dataclasses read from plain values
training_config    its tables of data, scenes, augmentation, loss and optimiser
"""

from sed.recipe.config import DecodingConfig, FrontendConfig, NetworkConfig, Recipe, load_recipe
from sed.recipe.training_config import MAX_SEED, DataConfig, LossConfig, SceneConfig, TrainingConfig

__all__ = [
    "MAX_SEED",
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
