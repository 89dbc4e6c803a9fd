"""Errors of adapting.

SedError
├── ReviewsError      reviews that nothing can be learnt from
└── NotBetterError    a new model that is no better than the old one on days that were held out
"""

from edge.errors import SedError


class ReviewsError(SedError):
    """Reviews that nothing can be learnt from."""


class NotBetterError(SedError):
    """A new model that is no better than the old one on days that were held out."""
