"""What can go wrong while exporting.

SedError
└── ParityError      the exported graph does not say what the trained network says
"""

from edge.errors import SedError


class ParityError(SedError):
    """The exported graph does not say what the trained network says."""
