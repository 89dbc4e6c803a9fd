"""Decoding and resampling, the same for training and for the device.

bare       frames without a container: how much was lost between them
channels   which channels are used, and what mixing them would lose
container  files and what is in them, before anything is decoded
decoding   one container, decoded
file       a file or stdin, decoded piece by piece
frames     what a decoder gives, as samples: the same for files and streams
ogg        chained Ogg, link by link
pcm        bare samples, as the user or a header describes them
reading    a file as the model gets it: mixed down and resampled
tracks     which of several sound tracks is used
wave       headers of WAVE files and their like that say something else than what the file holds
"""

from edge.sources.audio.channels import ChannelChoice
from edge.sources.audio.container import AUDIO_SUFFIXES
from edge.sources.audio.decoding import SharedStamps, late_seconds
from edge.sources.audio.file import AudioFile
from edge.sources.audio.frames import DecodedBlock, FrameJoiner
from edge.sources.audio.pcm import Pcm
from edge.sources.audio.reading import Resampler, mono_blocks, read_audio
from edge.sources.audio.tracks import choose_track, is_known
from edge.sources.audio.wave import read_wave_header

__all__ = [
    "AUDIO_SUFFIXES",
    "AudioFile",
    "ChannelChoice",
    "DecodedBlock",
    "FrameJoiner",
    "Pcm",
    "Resampler",
    "SharedStamps",
    "choose_track",
    "is_known",
    "late_seconds",
    "mono_blocks",
    "read_audio",
    "read_wave_header",
]
