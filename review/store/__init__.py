"""Clips on the disk, and the reviews of them.

clips         the clips of a folder, as `sed-stream --clips` wrote them
days          which days are trained on, and which are held out
record        one review: what was reported, and what a person says of it
review_file   `reviews.jsonl`: appended to by several at once, mended after a crash, read
scores        frame scores that were kept while clips were saved
"""

from edge.outputs.clips import REVIEWS
from review.store.clips import Clip, read_clips
from review.store.days import HELD_OUT_FOLD, folds_by_day
from review.store.record import NEAR_MISS, OTHER, PICKED, RIGHT, UNSURE, VERDICTS, WITHDRAWN, WRONG, Review
from review.store.review_file import ReviewFile, newest_reviews, read_reviews
from review.store.scores import ClipScores, KeptScores

__all__ = [
    "HELD_OUT_FOLD",
    "NEAR_MISS",
    "OTHER",
    "PICKED",
    "REVIEWS",
    "RIGHT",
    "UNSURE",
    "VERDICTS",
    "WITHDRAWN",
    "WRONG",
    "Clip",
    "ClipScores",
    "KeptScores",
    "Review",
    "ReviewFile",
    "folds_by_day",
    "newest_reviews",
    "read_clips",
    "read_reviews",
]
