"""Where sound comes from: files, stdin, and in folders of their own microphones and URLs.

arrival     when the sound of a live source was captured
audio       decoding and resampling
blocks      pieces of sound, joined into longer ones
feed        a source, read in a thread
opening     what a user calls a source, as a source
pipe        live sound on stdin
slots       for threads at work: as many as there are cores
source      where sound comes from
microphone  microphones of this machine, as sources
recorders   when a recording began, as its recorder wrote it
url         streams over the network, as sources
"""

from edge.sources.arrival import ArrivalClock, Backoff
from edge.sources.audio import (
    AUDIO_SUFFIXES,
    AudioFile,
    ChannelChoice,
    FrameJoiner,
    Resampler,
    is_known,
    mono_blocks,
    read_audio,
    read_wave_header,
)
from edge.sources.feed import Feed
from edge.sources.opening import each_of, open_source, open_sources, starts_of
from edge.sources.recorders import LAST_YEAR, Start, Zone
from edge.sources.slots import work_slots
from edge.sources.source import Block, FileSource, Gap, InTurn, Item, Source, State
from edge.sources.url import CAMERA_NOTE

__all__ = [
    "AUDIO_SUFFIXES",
    "CAMERA_NOTE",
    "LAST_YEAR",
    "ArrivalClock",
    "AudioFile",
    "Backoff",
    "Block",
    "ChannelChoice",
    "Feed",
    "FileSource",
    "FrameJoiner",
    "Gap",
    "InTurn",
    "Item",
    "Resampler",
    "Source",
    "Start",
    "State",
    "Zone",
    "each_of",
    "is_known",
    "mono_blocks",
    "open_source",
    "open_sources",
    "read_audio",
    "read_wave_header",
    "starts_of",
    "work_slots",
]
