"""The sound of each event as a file of its own, with a JSON file beside it.

files        writes a clip, whole or not at all, and finds it again
near_misses  what almost was an event
picture      the spectrogram of a clip, with its event marked
quota        which clips are deleted to make room
recall       the newest sound of a source, from which clips are cut
saving       the output: events in, clips out
settings     what can be set of clips
"""

from edge.outputs.clips.files import REVIEWS, find_clip, read_description
from edge.outputs.clips.near_misses import NearMisses
from edge.outputs.clips.saving import ClipsOutput
from edge.outputs.clips.settings import ClipSettings

__all__ = ["REVIEWS", "ClipSettings", "ClipsOutput", "NearMisses", "find_clip", "read_description"]
