"""Metrics that sweep a threshold over scores: PSDS and precision against recall, by sed_scores_eval.

The time and the memory of its exact sweep grow with (different scores) x (local maxima) x (true events) of a
recording. Two things keep them small: `sed.evaluation.sweep` knows few different thresholds, and a recording longer
than ten minutes is cut where no true event is on.

PSDS2 asks that only a tenth of a detection and of an event overlap. Where a recording lasts minutes, one detection that
lasts as long may find every event in it: so it flatters, the more, the longer recordings are, and cuts change it.
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
from sed.evaluation.metrics import labels_in

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of what it imports only to compare itself with
    from sed_scores_eval import intersection_based
    from sed_scores_eval.base_modules.scores import create_score_dataframe

Floats = NDArray[np.floating[Any]]
Curve = tuple[Floats, Floats]

_LONGEST_SECONDS = 600.0


@dataclass(frozen=True, kw_only=True)
class Scored:
    """One recording's scores beside its truth.

    Attributes:
        scores: `[frames, classes]`; a threshold reports the frames that reach it, as `sweep.swept` makes it.
        edges: `[frames + 1]`, where frames begin and end, in seconds.
        truth: what was there.
    """

    scores: Floats
    edges: Floats
    truth: Sequence[Annotation]


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What a PSDS asks for: C. Bilen et al., "A framework for the robust evaluation of sound event detection", 2020.

    Attributes:
        dtc: share of a detection that truth of its label must cover.
        gtc: share of a true event that such detections must cover.
        cttc: share of a false detection within another label's truth that makes it a cross-trigger.
        alpha_ct: weight of cross-triggers beside false positives.
        alpha_st: weight of the spread over classes.
    """

    dtc: float
    gtc: float
    cttc: float | None = None
    alpha_ct: float = 0.0
    alpha_st: float = 1.0


PSDS1 = Scenario(dtc=0.7, gtc=0.7)  # where an event is
PSDS2 = Scenario(dtc=0.1, gtc=0.1, cttc=0.3, alpha_ct=0.5)  # what it is
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


def psds(recordings: Mapping[str, Scored], labels: Sequence[str], scenario: Scenario) -> Psds:
    """PSDS over recordings, those without events among them, for the labels that their truth holds.

    Args:
        recordings: by name.
        labels: of the score columns.
        scenario: `PSDS1` or `PSDS2`.
    """
    tables, truth, seconds = _inputs(recordings, labels)
    if len(labels_in(truth)) == 1:  # no other label to trigger
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


def precision_recall(recordings: Mapping[str, Scored], labels: Sequence[str]) -> dict[str, Curve]:
    """Recalls, and the best precision at each of them or more, by intersection (DTC and GTC 0.5).

    At low thresholds events grow together and recall falls again: a recall may be had at several precisions.

    Args:
        recordings: by name.
        labels: of the score columns.

    Returns:
        Both for each label that the truth holds.
    """
    tables, truth, _ = _inputs(recordings, labels)
    curves = intersection_based.precision_recall_curve(tables, truth, dtc_threshold=0.5, gtc_threshold=0.5)
    return {
        label: (recall, np.maximum.accumulate(precision[::-1])[::-1])  # both by rising recall
        for label, (precision, recall, *_) in curves.items()
    }


def _inputs(
    recordings: Mapping[str, Scored], labels: Sequence[str]
) -> tuple[dict[str, Any], dict[str, list[Annotation]], dict[str, float]]:
    present = labels_in({name: scored.truth for name, scored in recordings.items()})
    columns = [labels.index(label) for label in present]
    tables, truth, seconds = {}, {}, {}
    for name, scored in recordings.items():
        for number, part in enumerate(_parts(scored)):
            key = f"{name} {number:06d}"
            tables[key] = create_score_dataframe(part.scores[:, columns], part.edges, present)
            truth[key] = list(part.truth)
            seconds[key] = float(part.edges[-1] - part.edges[0])
    return tables, truth, seconds


def _parts(scored: Scored) -> list[Scored]:
    """Cut a long recording at the first frame edge after each ten minutes at which no true event is on."""
    edges, cuts = scored.edges, [0]
    while edges[-1] - edges[cuts[-1]] > _LONGEST_SECONDS:
        cut = int(np.searchsorted(edges, edges[cuts[-1]] + _LONGEST_SECONDS))
        while cut < len(edges) - 1 and any(onset <= edges[cut] <= offset for onset, offset, _ in scored.truth):
            cut += 1
        cuts.append(cut)
    if cuts[-1] < len(edges) - 1:
        cuts.append(len(edges) - 1)
    return [
        Scored(
            scores=scored.scores[begin:end],
            edges=edges[begin : end + 1],
            truth=[event for event in scored.truth if edges[begin] <= event[0] < edges[end]],
        )
        for begin, end in itertools.pairwise(cuts)
    ]
