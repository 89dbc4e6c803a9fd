"""The log as MQTT messages, and Home Assistant's discovery.

announcing   what Home Assistant was told, and what is taken back
connection   one connection to a broker
discovery    what Home Assistant is told
names        names in topics and ids
outbox       what is to be sent, and in which order
output       the output that publishes
settings     how the broker is reached
source       one source as topics show it
"""

from edge.outputs.mqtt.output import open_mqtt

__all__ = ["open_mqtt"]
