"""The live page of a run: what is heard, and why something was not reported. Read only.

day        the events of the last day, from the log and as they come
history    the newest frame scores of a source
hub        the messages to open tabs: numbered, kept for a while, never waited for
log_mel    the spectrogram, as the model sees the sound
output     the output
pages      what is answered to which request
state      what a tab that is opened must know
why        why something was not reported, in words
"""

from edge.outputs.web.page.output import PageOutput

__all__ = ["PageOutput"]
