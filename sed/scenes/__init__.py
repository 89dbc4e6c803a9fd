"""The soundscapes that a network is trained on.

scene          what is laid where, with its truth
soundscapes    clips -> scenes
synth          scenes on disk
"""

from sed.scenes.soundscapes import SceneMixer
from sed.scenes.synth import write_scenes

__all__ = ["SceneMixer", "write_scenes"]
