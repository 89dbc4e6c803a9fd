"""Sounds that are made up: noise, tones, equalisers, another speed.

distractors    sounds made up that are no event
synthetic      noise, equalisers, another speed
"""

from sed.sounds.distractors import made_distractor
from sed.sounds.synthetic import Audio, change_speed, coloured_noise, equalise

__all__ = ["Audio", "change_speed", "coloured_noise", "equalise", "made_distractor"]
