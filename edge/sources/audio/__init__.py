"""Decoding and resampling, the same for training and for the device.

container  files and what is in them, before anything is decoded
file       a file or stdin, decoded piece by piece
pcm        bare samples, as the user describes them
reading    a whole file at once
resampler  mixes channels down and resamples
"""

from edge.sources.audio.container import AUDIO_SUFFIXES, is_known
from edge.sources.audio.file import AudioFile, DecodedBlock
from edge.sources.audio.pcm import Pcm
from edge.sources.audio.reading import read_audio
from edge.sources.audio.resampler import Resampler

__all__ = ["AUDIO_SUFFIXES", "AudioFile", "DecodedBlock", "Pcm", "Resampler", "is_known", "read_audio"]
