"""What can go wrong with a review, beside what `edge.errors` has.

SedError
└── ReviewError   a folder that cannot be reviewed, or a file that holds no reviews
"""

from edge.errors import SedError


class ReviewError(SedError):
    """A folder that cannot be reviewed, or a file that holds no reviews."""
