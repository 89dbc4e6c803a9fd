"""Outputs beside the files of the log. None delays or stops the listening.

clips       the sound of each event as a file
health      whether all is heard and written, for monitors
listening   whether a source is heard now: coverage, lag, level
mqtt        an MQTT broker, and Home Assistant's discovery
notify      messages about what was heard, by rules
opening     the outputs that the settings of a command ask for
output      what an output is, and what it may know of the run
spool       messages on disk until they are delivered
threads     the outputs of a run, each with a thread and a queue
values      values as they stand in settings: lengths of time, addresses, tables of KEY=VALUE
web         local web pages
"""

from edge.outputs.listening import Listening
from edge.outputs.opening import OutputSettings, open_outputs
from edge.outputs.output import Output, OutputContext, OutputState, Sound
from edge.outputs.threads import Outputs, WithOutputs

__all__ = [
    "Listening",
    "Output",
    "OutputContext",
    "OutputSettings",
    "OutputState",
    "Outputs",
    "Sound",
    "WithOutputs",
    "open_outputs",
]
