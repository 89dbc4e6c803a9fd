"""What can go wrong with a scan, beside what `edge.errors` has.

SedError
└── ScanError   a destination that cannot be used, or whose rows are not those of its manifest
"""

from edge.errors import SedError


class ScanError(SedError):
    """A destination that cannot be used, or is not complete."""
