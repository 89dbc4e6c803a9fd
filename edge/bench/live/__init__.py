"""Real time: how many sources a machine holds, how soon the log tells of a sound.

latency    from a sound to its lines
load       how many sources in real time
"""

from edge.bench.live.latency import of_file, of_microphone, write_recording

__all__ = ["of_file", "of_microphone", "write_recording"]
