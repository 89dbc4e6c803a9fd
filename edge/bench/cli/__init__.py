"""`sed-bench`: one module for each of its parts.

group          the command that they are parts of
options        what they share on the command line
table          steps, in every combination
streams        how many sources this machine processes in real time
latency        the delay from a sound to its lines in the log

`export.cli.bench` adds `frontend`, which needs torch.
"""

from edge.bench.cli.group import bench
from edge.bench.cli.latency import latency
from edge.bench.cli.streams import streams
from edge.bench.cli.table import table

for _part in (table, streams, latency):
    bench.add_command(_part)

__all__ = ["bench"]
