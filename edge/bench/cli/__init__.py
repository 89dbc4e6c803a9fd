"""`sed-bench`: one module for each of its parts.

group          the command that they are parts of
options        what they share on the command line
table          steps, in every combination
streams        how many sources this machine holds
latency        how soon the log tells of a sound

`export.cli.bench` adds `frontend`, which needs torch.
"""

from edge.bench.cli import latency, streams, table  # noqa: F401  # each adds itself to the group
from edge.bench.cli.group import bench

__all__ = ["bench"]
