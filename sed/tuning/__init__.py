"""Chooses the decoder's settings on recordings.

candidates    metrics of every setting of the decoder
choice        the best setting of each class for an aim
knapsack      one setting of each class within a capacity
promise       settings that keep an aim on kinds of sound that did not choose them
"""

from sed.tuning.candidates import SettingFigures, evaluate_settings
from sed.tuning.choice import Aim, CurvePoint, Tuning, cross_fit, to_toml, tune, within_count
from sed.tuning.promise import CrossFit

__all__ = [
    "Aim",
    "CrossFit",
    "CurvePoint",
    "SettingFigures",
    "Tuning",
    "cross_fit",
    "evaluate_settings",
    "to_toml",
    "tune",
    "within_count",
]
