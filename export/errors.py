"""Errors of exporting.

SedError
└── ParityError      the exported graph gives other scores than the trained network
"""

from edge.errors import SedError


class ParityError(SedError):
    """The exported graph gives other scores than the trained network."""
