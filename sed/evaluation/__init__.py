"""Evaluation of a model: recordings with their truth, metrics, and a report of them.

curves        metrics that sweep a threshold: PSDS, precision-recall curves
evaluate      runs a model on recordings and computes all metrics
inference     runs a model once on one recording
kinds         kinds of sound without events: what false alarms come from, what a class is near to
matching      onset and offset errors, confusion of classes, rows of 5 s
metrics       event F1, segment F1, intersection F1 of events; average precision of clip scores
recordings    recordings with their truth
sweep         what the decoder reports at every threshold
"""

from sed.evaluation.curves import MAX_EFPR, PSDS1, Curve, Psds, precision_recall, psds
from sed.evaluation.evaluate import TRUTH_ADVICE, Report, evaluate, make_report, run_on_recordings, score_recording
from sed.evaluation.inference import RecordingResult, decode_again, run_on_recording
from sed.evaluation.kinds import Kind, false_alarm_rate, kinds_of, near_kinds
from sed.evaluation.matching import match_events, onset_offset_errors
from sed.evaluation.metrics import COLLAR_SECONDS, OFFSET_SHARE, SEGMENT_SECONDS
from sed.evaluation.recordings import Recording, read_recordings
from sed.evaluation.sweep import Floats, hysteresis_spans, median_filtered, merge_and_drop

__all__ = [
    "COLLAR_SECONDS",
    "MAX_EFPR",
    "OFFSET_SHARE",
    "PSDS1",
    "SEGMENT_SECONDS",
    "TRUTH_ADVICE",
    "Curve",
    "Floats",
    "Kind",
    "Psds",
    "Recording",
    "RecordingResult",
    "Report",
    "decode_again",
    "evaluate",
    "false_alarm_rate",
    "hysteresis_spans",
    "kinds_of",
    "make_report",
    "match_events",
    "median_filtered",
    "merge_and_drop",
    "near_kinds",
    "onset_offset_errors",
    "precision_recall",
    "psds",
    "read_recordings",
    "run_on_recording",
    "run_on_recordings",
    "score_recording",
]
