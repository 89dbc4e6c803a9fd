"""Errors of exporting.

SedError
├── EncoderError        a pretrained encoder that cannot be put into the graph
├── ParityError         the exported graph gives other scores than the trained network
└── SourceModelError    another program's model file that cannot be read
"""

from edge.errors import SedError


class EncoderError(SedError):
    """A pretrained encoder that cannot be put into the graph."""


class ParityError(SedError):
    """The exported graph gives other scores than the trained network."""


class SourceModelError(SedError):
    """Another program's model file that cannot be read."""
