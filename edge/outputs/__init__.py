"""Outputs beside the files of the log. None delays or stops the listening.

notify      messages about what was heard, by rules
opening     the outputs that the settings of a command ask for
output      what an output is, and the thread and the queue that each has
spool       messages on disk until they are delivered
"""

from edge.outputs.opening import OutputContext, OutputSettings, open_outputs
from edge.outputs.output import Output, Outputs, OutputState, Sound, WithOutputs

__all__ = [
    "Output",
    "OutputContext",
    "OutputSettings",
    "OutputState",
    "Outputs",
    "Sound",
    "WithOutputs",
    "open_outputs",
]
