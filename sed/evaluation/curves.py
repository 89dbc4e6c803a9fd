"""Metrics that sweep a threshold over scores: PSDS and precision-recall curves, by sed_scores_eval.

The time and the memory of its exact sweep grow with (different scores) x (local maxima) x (true events) of a
recording. Two things keep them small: `sed.evaluation.sweep` uses few thresholds, and a recording longer than ten
minutes is split where no true event is active.

PSDS2 only asks for an overlap of a tenth of a detection and of an event. In a recording of minutes, a single detection
as long as the recording may find every event in it: PSDS2 is too good for long recordings, and splitting changes it.
"""

import dataclasses
import itertools
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sed.data import Annotation
from sed.evaluation.metrics import labels_of

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of what it imports only to compare itself with
    from sed_scores_eval import intersection_based
    from sed_scores_eval.base_modules.scores import create_score_dataframe

Floats = NDArray[np.floating[Any]]
Curve = tuple[Floats, Floats]

_LONGEST_SECONDS = 600.0


@dataclass(frozen=True, kw_only=True)
class ScoredRecording:
    """One recording's scores beside its truth.

    Attributes:
        scores: `[frames, classes]`, from `sweep.highest_thresholds`: a threshold reports the frames that reach it.
        edges: `[frames + 1]`, where frames begin and end, in seconds.
        truth: its true events.
    """

    scores: Floats
    edges: Floats
    truth: Sequence[Annotation]


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Parameters of a PSDS: C. Bilen et al., "A framework for the robust evaluation of sound event detection", 2020.

    Attributes:
        dtc: detection tolerance: share of a detection that true events of its label must cover.
        gtc: ground truth intersection: share of a true event that such detections must cover.
        cttc: cross-trigger tolerance: share of a false detection that true events of another label must cover.
        alpha_ct: cost of cross-triggers, relative to false positives.
        alpha_st: cost of the instability (standard deviation) over classes.
    """

    dtc: float
    gtc: float
    cttc: float | None = None
    alpha_ct: float = 0.0
    alpha_st: float = 1.0


PSDS1 = Scenario(dtc=0.7, gtc=0.7)  # demands precise times
PSDS2 = Scenario(dtc=0.1, gtc=0.1, cttc=0.3, alpha_ct=0.5)  # demands the right class
MAX_EFPR = 100.0  # effective false positives an hour at which the curves end


@dataclass(frozen=True, kw_only=True)
class Psds:
    """A polyphonic sound detection score.

    Attributes:
        value: area under the curve, 0 to 1.
        by_label: area under each label's own curve.
        curve: effective false positives an hour, and effective true positive rate.
        curves: the same of each label.
    """

    value: float
    by_label: dict[str, float]
    curve: Curve
    curves: dict[str, Curve]


def psds(recordings: Mapping[str, ScoredRecording], labels: Sequence[str], scenario: Scenario) -> Psds:
    """PSDS over recordings, including those without events, for the labels in their truth.

    Args:
        recordings: by name.
        labels: of the score columns.
        scenario: `PSDS1` or `PSDS2`.
    """
    tables, truth, seconds = _inputs(recordings, labels)
    if len(labels_of(truth)) == 1:  # without other labels there are no cross-triggers
        scenario = dataclasses.replace(scenario, cttc=None, alpha_ct=0.0)
    value, by_label, (rate, false), curves = intersection_based.psds(
        tables,
        truth,
        seconds,
        dtc_threshold=scenario.dtc,
        gtc_threshold=scenario.gtc,
        cttc_threshold=scenario.cttc,
        alpha_ct=scenario.alpha_ct,
        alpha_st=scenario.alpha_st,
        max_efpr=MAX_EFPR,
    )
    return Psds(
        value=float(value),
        by_label={label: float(area) for label, area in by_label.items()},
        curve=(false, rate),
        curves={label: (curve[1], curve[0]) for label, curve in curves.items()},
    )


def precision_recall(recordings: Mapping[str, ScoredRecording], labels: Sequence[str]) -> dict[str, Curve]:
    """Precision-recall curves by intersection (DTC and GTC 0.5): for each recall the best precision at it or above.

    At low thresholds events merge and recall falls again: several precisions may belong to one recall.

    Args:
        recordings: by name.
        labels: of the score columns.

    Returns:
        (recall, precision) for each label in the truth.
    """
    tables, truth, _ = _inputs(recordings, labels)
    curves = intersection_based.precision_recall_curve(tables, truth, dtc_threshold=0.5, gtc_threshold=0.5)
    return {
        label: (recall, np.maximum.accumulate(precision[::-1])[::-1])  # both by rising recall
        for label, (precision, recall, *_) in curves.items()
    }


def _inputs(
    recordings: Mapping[str, ScoredRecording], labels: Sequence[str]
) -> tuple[dict[str, Any], dict[str, list[Annotation]], dict[str, float]]:
    present = labels_of({name: scored.truth for name, scored in recordings.items()})
    columns = [labels.index(label) for label in present]
    tables, truth, seconds = {}, {}, {}
    for name, scored in recordings.items():
        for number, part in enumerate(_parts(scored)):
            key = f"{name} {number:06d}"
            tables[key] = create_score_dataframe(part.scores[:, columns], part.edges, present)
            truth[key] = list(part.truth)
            seconds[key] = float(part.edges[-1] - part.edges[0])
    return tables, truth, seconds


def _parts(scored: ScoredRecording) -> list[ScoredRecording]:
    """Split a long recording at the first frame edge after each ten minutes at which no true event is active."""
    edges, cuts = scored.edges, [0]
    while edges[-1] - edges[cuts[-1]] > _LONGEST_SECONDS:
        cut = int(np.searchsorted(edges, edges[cuts[-1]] + _LONGEST_SECONDS))
        while cut < len(edges) - 1 and any(onset <= edges[cut] <= offset for onset, offset, _ in scored.truth):
            cut += 1
        cuts.append(cut)
    if cuts[-1] < len(edges) - 1:
        cuts.append(len(edges) - 1)
    return [
        ScoredRecording(
            scores=scored.scores[begin:end],
            edges=edges[begin : end + 1],
            truth=[event for event in scored.truth if edges[begin] <= event[0] < edges[end]],
        )
        for begin, end in itertools.pairwise(cuts)
    ]
