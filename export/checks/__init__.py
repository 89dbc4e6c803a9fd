"""Checks of model files by the runtime alone, without torch.

agreement      compares the scores and events of two models
signals        synthetic signals to compare graphs on
verify         checks a model file on this machine
"""

from export.checks.agreement import Agreement, agreement, event_f1, require_alike, shared_events
from export.checks.signals import CHIRPS, made_signals
from export.checks.verify import LIMITS, examine, failures, limits_of, stream_difference, summary, table

__all__ = [
    "CHIRPS",
    "LIMITS",
    "Agreement",
    "agreement",
    "event_f1",
    "examine",
    "failures",
    "limits_of",
    "made_signals",
    "require_alike",
    "shared_events",
    "stream_difference",
    "summary",
    "table",
]
