"""A scan by Ray Data, on one machine or on a cluster.

engine     hands units to workers and their receipts back
ledger     notes which file each unit is at
progress   what a person sees while it runs
running    a whole scan, wave by wave
scanner    does the units of work, without Ray
settings   what a scan does with each file
units      what one worker takes at a time
worker     a process of Ray Data
"""

from scan.cluster.engine import Engine
from scan.cluster.running import Outcome, Scan, list_files
from scan.cluster.scanner import Scanner
from scan.cluster.settings import ScanSettings

__all__ = ["Engine", "Outcome", "Scan", "ScanSettings", "Scanner", "list_files"]
