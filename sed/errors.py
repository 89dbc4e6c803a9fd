"""What can go wrong while training.

SedError
├── RecipeError       a recipe that says something wrong
├── DataError         a data folder that cannot be trained on
└── CheckpointError   a file that is no checkpoint of ours
"""

from edge.errors import SedError


class RecipeError(SedError):
    """A recipe that cannot be read or says something wrong."""

    exit_code = 2


class DataError(SedError):
    """A data folder that cannot be trained on."""


class CheckpointError(SedError):
    """A file that is no checkpoint of ours."""
