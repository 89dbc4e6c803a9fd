"""Synthetic sounds and effects: noise, tones, equalisers, speed.

distractors    synthetic sounds that are not events
synthetic      noise, equalisers, change of speed
"""

from sed.sounds.distractors import synthetic_distractor
from sed.sounds.synthetic import Audio, change_speed, coloured_noise, equalise

__all__ = ["Audio", "change_speed", "coloured_noise", "equalise", "synthetic_distractor"]
