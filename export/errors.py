"""What can go wrong while exporting.

SedError
├── ParityError         the exported graph does not say what the trained network says
└── SourceModelError    another program's model file that cannot be read
"""

from edge.errors import SedError


class ParityError(SedError):
    """The exported graph does not say what the trained network says."""


class SourceModelError(SedError):
    """Another program's model file that cannot be read."""
