"""Recipes: the settings of a training run, read from TOML and checked.

config             the recipe, and its tables of frontend, network, stream and decoder
encoder            pretrained encoders: ONNX files, each with a TOML beside it
fields             dataclasses read from plain values
training_config    its tables of data, scenes, augmentation, loss and optimiser
"""

from sed.recipe.config import DecodingConfig, FrontendConfig, NetworkConfig, Recipe, load_recipe
from sed.recipe.encoder import EncoderConfig, load_encoder, shipped_encoders
from sed.recipe.training_config import MAX_SEED, DataConfig, LossConfig, SceneConfig, TrainingConfig

__all__ = [
    "MAX_SEED",
    "DataConfig",
    "DecodingConfig",
    "EncoderConfig",
    "FrontendConfig",
    "LossConfig",
    "NetworkConfig",
    "Recipe",
    "SceneConfig",
    "TrainingConfig",
    "load_encoder",
    "load_recipe",
    "shipped_encoders",
]
