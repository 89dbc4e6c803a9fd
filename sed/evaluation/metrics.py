"""Metrics of reported events against the truth, and of clip scores against labels, by sed_scores_eval.

`curves` has the metrics that need scores instead of events, and `matching` those that the library does not have.
"""

import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of what it imports only to compare itself with
    from sed_scores_eval import clip_based, collar_based, intersection_based, segment_based
    from sed_scores_eval.base_modules.scores import create_score_dataframe

from sed.data import Annotations

# Of event F1: onsets within this, offsets within this or that share of the true length.
COLLAR_SECONDS, OFFSET_SHARE = 0.2, 0.2
SEGMENT_SECONDS = 1.0  # of segment F1


def event_f1(reported: Annotations, truth: Annotations, seconds: Mapping[str, float]) -> dict[str, float]:
    """Event-based F1: onset within 200 ms, offset within 200 ms or 20 % of the true length.

    Args:
        reported: events of a detector, by recording.
        truth: true events, by recording.
        seconds: length of each recording.

    Returns:
        F1 of each label in the truth.
    """
    collars = {"onset_collar": COLLAR_SECONDS, "offset_collar": COLLAR_SECONDS, "offset_collar_rate": OFFSET_SHARE}
    return _f1(collar_based.fscore, reported, truth, seconds, (dict(truth), 0.5), collars)


def segment_f1(reported: Annotations, truth: Annotations, seconds: Mapping[str, float]) -> dict[str, float]:
    """Segment-based F1 in segments of 1 s. Arguments and result as for `event_f1`."""
    options = {"segment_length": SEGMENT_SECONDS}
    return _f1(segment_based.fscore, reported, truth, seconds, (dict(truth), dict(seconds), 0.5), options)


def intersection_f1(reported: Annotations, truth: Annotations, seconds: Mapping[str, float]) -> dict[str, float]:
    """F1 by intersection, DTC and GTC 0.5. Arguments and result as for `event_f1`.

    A reported event is correct if true events of its label cover half of it; a true event is found if correct events
    cover half of it.
    """
    options = {"dtc_threshold": 0.5, "gtc_threshold": 0.5}
    return _f1(intersection_based.fscore, reported, truth, seconds, (dict(truth), 0.5), options)


def clip_average_precision(
    scores: NDArray[np.float32], labels: Sequence[str], truth: Sequence[Collection[str]]
) -> dict[str, float]:
    """Average precision of clip scores, for each label that some clips have and others do not.

    Their mean is the macro mAP.

    Args:
        scores: `[clips, classes]`.
        labels: of the classes.
        truth: the labels of each clip.
    """
    present = [label for label in labels if 0 < sum(label in one for one in truth) < len(truth)]
    if not present:
        return {}
    columns = [labels.index(label) for label in present]
    edges = np.array([0.0, 1.0])
    tables = {str(k): create_score_dataframe(row[None, columns], edges, present) for k, row in enumerate(scores)}
    truths = {str(k): [label for label in present if label in one] for k, one in enumerate(truth)}
    precision, _ = clip_based.average_precision(tables, truths)
    return {label: float(precision[label]) for label in present}


def labels_of(truth: Annotations) -> list[str]:
    """The labels in a truth, sorted."""
    return sorted({label for events in truth.values() for _, _, label in events})


def _f1(
    metric: Callable[..., Any],
    reported: Annotations,
    truth: Annotations,
    seconds: Mapping[str, float],
    arguments: tuple[Any, ...],
    options: Mapping[str, float],
) -> dict[str, float]:
    labels = labels_of(truth)
    if not labels:
        return {}
    scores, *_ = metric(_event_tables(reported, seconds, labels), *arguments, **options)
    return {label: float(scores[label]) for label in labels}


def _event_tables(reported: Annotations, seconds: Mapping[str, float], labels: Sequence[str]) -> dict[str, Any]:
    """Events as scores of 0 and 1 between all onsets and offsets, as sed_scores_eval expects them."""
    tables = {}
    for name in reported:
        events = [event for event in reported[name] if event[2] in labels]
        borders = sorted({0.0, seconds[name], *(border for event in events for border in event[:2])})
        scores = np.zeros((len(borders) - 1, len(labels)))
        for onset, offset, label in events:
            scores[borders.index(onset) : borders.index(offset), labels.index(label)] = 1.0
        tables[name] = create_score_dataframe(scores, np.array(borders), list(labels))
    return tables
