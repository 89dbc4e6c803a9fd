"""The field's metrics of a log against its truth, by sed_scores_eval."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of what it imports only to compare itself with
    from sed_scores_eval import collar_based, segment_based
    from sed_scores_eval.base_modules.scores import create_score_dataframe

Annotation = tuple[float, float, str]  # onset and offset in seconds, event label
Annotations = Mapping[str, Sequence[Annotation]]  # by recording


def event_f1(heard: Annotations, truth: Annotations, seconds: Mapping[str, float]) -> dict[str, float]:
    """Event-based F1: onset within 200 ms, offset within 200 ms or 20 % of the true length.

    Args:
        heard: what a detector reported, by recording.
        truth: what was there.
        seconds: length of each recording.

    Returns:
        F1 of each label that the truth holds.
    """
    labels = _labels(truth)
    if not labels:
        return {}
    scores, *_ = collar_based.fscore(
        _score_tables(heard, seconds, labels),
        dict(truth),
        0.5,
        onset_collar=0.2,
        offset_collar=0.2,
        offset_collar_rate=0.2,
    )
    return {label: float(scores[label]) for label in labels}


def segment_f1(heard: Annotations, truth: Annotations, seconds: Mapping[str, float]) -> dict[str, float]:
    """Segment-based F1 in segments of 1 s. Arguments and result as for `event_f1`."""
    labels = _labels(truth)
    if not labels:
        return {}
    scores, *_ = segment_based.fscore(
        _score_tables(heard, seconds, labels), dict(truth), dict(seconds), 0.5, segment_length=1.0
    )
    return {label: float(scores[label]) for label in labels}


def _labels(truth: Annotations) -> list[str]:
    return sorted({label for events in truth.values() for _, _, label in events})


def _score_tables(heard: Annotations, seconds: Mapping[str, float], labels: Sequence[str]) -> dict[str, Any]:
    """Events as scores of 0 and 1 between all their borders: the form that sed_scores_eval takes."""
    tables = {}
    for name in heard:
        events = [event for event in heard[name] if event[2] in labels]
        borders = sorted({0.0, seconds[name], *(border for event in events for border in event[:2])})
        scores = np.zeros((len(borders) - 1, len(labels)))
        for onset, offset, label in events:
            scores[borders.index(onset) : borders.index(offset), labels.index(label)] = 1.0
        tables[name] = create_score_dataframe(scores, np.array(borders), list(labels))
    return tables
