"""Real time: how many sources a machine holds, how soon the log tells of a sound.

latency    how long after a sound its lines are in the log
load       how many sources run in real time
"""

from edge.bench.live.latency import file_latency, microphone_latency, write_recording

__all__ = ["file_latency", "microphone_latency", "write_recording"]
