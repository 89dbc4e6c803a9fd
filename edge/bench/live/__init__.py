"""Measurements in real time: number of sources, and latency of the log.

latency    the delay from a sound to its lines in the log
load       how many sources this machine processes in real time
"""

from edge.bench.live.latency import file_latency, microphone_latency, write_recording

__all__ = ["file_latency", "microphone_latency", "write_recording"]
