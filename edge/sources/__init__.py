"""Where sound comes from: files, stdin, and in folders of their own microphones and URLs.

arrival     when the sound of a live source was heard
audio       decoding and resampling
blocks      pieces of sound, joined into longer ones
feed        a source, read in a thread
opening     what a user calls a source, as a source
source      where sound comes from
microphone  microphones of this machine, as sources
url         streams over the network, as sources
"""

from edge.sources.arrival import ArrivalClock, Backoff
from edge.sources.audio import AUDIO_SUFFIXES, AudioFile, Resampler, is_known, read_audio
from edge.sources.feed import Feed
from edge.sources.opening import open_source, open_sources
from edge.sources.source import Block, FileSource, Gap, Item, Source, State

__all__ = [
    "AUDIO_SUFFIXES",
    "ArrivalClock",
    "AudioFile",
    "Backoff",
    "Block",
    "Feed",
    "FileSource",
    "Gap",
    "Item",
    "Resampler",
    "Source",
    "State",
    "is_known",
    "open_source",
    "open_sources",
    "read_audio",
]
