"""Whether everything is heard and written, for monitors: metrics, checks over HTTP, and systemd.

metrics     the state as metrics of Prometheus
serving     the output that serves both over HTTP
state       what is known of the sources, and what is wrong
systemd     ready, watchdog and status of a unit
"""

from edge.outputs.health.serving import HealthOutput
from edge.outputs.health.state import Limits
from edge.outputs.health.systemd import SystemdOutput

__all__ = ["HealthOutput", "Limits", "SystemdOutput"]
