"""Microphones of this machine.

continuity    what a device did not deliver
devices       what can record
recording     one connection to a device
source        a microphone as a source
"""

from edge.sources.microphone.continuity import CapturedBlock, Continuity
from edge.sources.microphone.devices import all_devices, device_json, device_table
from edge.sources.microphone.source import Microphone

__all__ = ["CapturedBlock", "Continuity", "Microphone", "all_devices", "device_json", "device_table"]
