"""Chooses the decoder's settings on recordings.

candidates    metrics of every setting of the decoder
choice        the best setting of each class for an aim
"""

from sed.tuning.choice import Aim, to_toml, tune

__all__ = ["Aim", "to_toml", "tune"]
