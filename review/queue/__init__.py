"""Which clip a person is asked about next, and what has come of it so far.

desk       clips and reviews of some folders: hands clips out, takes verdicts
order      the most informative clips first
progress   how many clips of each label are reviewed, and how often the model was right
"""

from review.queue.desk import Asked, Desk
from review.queue.order import in_order
from review.queue.progress import LabelProgress, progress_of

__all__ = ["Asked", "Desk", "LabelProgress", "in_order", "progress_of"]
