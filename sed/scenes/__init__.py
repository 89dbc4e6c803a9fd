"""The soundscapes that a network is trained on.

scene          a scene built from sounds, with its truth
soundscapes    mixes clips to scenes
synth          writes scenes to disk
"""

from sed.scenes.soundscapes import SceneMixer
from sed.scenes.synth import write_scenes

__all__ = ["SceneMixer", "write_scenes"]
