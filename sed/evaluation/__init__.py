"""How well a model hears: recordings, metrics, and a report of figures.

curves        metrics that sweep a threshold: PSDS, precision against recall
judging       a model on whole recordings
listening     a model hears a recording, once
matching      borders that are off, classes taken for others, rows of 5 s
metrics       a log against its truth: event F1, segment F1, intersection F1; clip mAP
recordings    recordings with what is known of what they hold
sweep         what the decoder would report at every threshold
"""

from sed.evaluation.curves import MAX_EFPR, PSDS1, Curve, Psds, precision_recall, psds
from sed.evaluation.judging import TRUTH_WANTED, Report, evaluate, judge, listen_to, scored
from sed.evaluation.listening import Heard, decoded
from sed.evaluation.matching import border_errors, matched
from sed.evaluation.metrics import COLLAR_SECONDS, OFFSET_SHARE, SEGMENT_SECONDS
from sed.evaluation.recordings import Recording, recordings_of
from sed.evaluation.sweep import Floats, events, pieces, smoothed

__all__ = [
    "COLLAR_SECONDS",
    "MAX_EFPR",
    "OFFSET_SHARE",
    "PSDS1",
    "SEGMENT_SECONDS",
    "TRUTH_WANTED",
    "Curve",
    "Floats",
    "Heard",
    "Psds",
    "Recording",
    "Report",
    "border_errors",
    "decoded",
    "evaluate",
    "events",
    "judge",
    "listen_to",
    "matched",
    "pieces",
    "precision_recall",
    "psds",
    "recordings_of",
    "scored",
    "smoothed",
]
