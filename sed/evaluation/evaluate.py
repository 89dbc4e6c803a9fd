"""Evaluates a model on whole recordings, by the events that the runtime on the device would log."""

import dataclasses
import logging
from collections import Counter
from collections.abc import Collection, Iterable, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from edge.detection import AlarmRate, frame_edge
from edge.errors import SourceError
from edge.model import Card, StepModel
from sed.data import Annotation, merge_spans
from sed.errors import DataError
from sed.evaluation.curves import PSDS1, PSDS2, Psds, ScoredRecording, psds
from sed.evaluation.inference import RecordingResult, run_on_recording
from sed.evaluation.kinds import Kind, false_alarm_rate, kinds_of
from sed.evaluation.matching import (
    Confusion,
    OnsetOffsetErrors,
    Pair,
    confusion,
    match_events,
    onset_offset_errors,
    row_f1,
    row_labels,
)
from sed.evaluation.metrics import clip_average_precision, event_f1, intersection_f1, segment_f1
from sed.evaluation.recordings import Recording
from sed.evaluation.sweep import highest_thresholds

_log = logging.getLogger(__name__)

Counts = NDArray[np.int64]

# What to do if no onset and offset is known.
TRUTH_ADVICE = "give a table of them (filename onset offset event_label), or mix scenes with their truth by sed-synth"


@dataclass(frozen=True, kw_only=True)
class Report:
    """Metrics of one model. Those that do not apply to the recordings are empty or None.

    Event, segment and intersection F1 and the onset and offset errors use recordings with events; PSDS and row F1 also
    those without events; clip metrics need recordings with one label each.

    Attributes:
        labels: of the model.
        results: scores and events of each recording.
        scored: what PSDS is computed from, by recording.
        event_f1: by label in the truth; see `sed.evaluation.metrics`, as for the next two.
        segment_f1: in segments of 1 s.
        intersection_f1: DTC and GTC 0.5.
        psds1: the PSDS that demands precise times.
        psds2: the PSDS that demands the right class.
        pairs: true events, each with the reported event that it is matched with.
        confusion: which classes are confused with which.
        row_f1: in rows of 5 s, as in Cornell Birdcall Identification.
        clip_precision: average precision of the clip scores, by label; see `sed.evaluation.metrics`.
        clip_counts: `[classes, classes]`, clips of each label by the class with the highest clip score.
        hours: of recordings with events.
        quiet_hours: of recordings without events.
        false_alarms: events reported in recordings without events, by label.
    """

    labels: tuple[str, ...]
    results: tuple[RecordingResult, ...]
    scored: dict[str, ScoredRecording]
    event_f1: dict[str, float]
    segment_f1: dict[str, float]
    intersection_f1: dict[str, float]
    psds1: Psds | None
    psds2: Psds | None
    pairs: tuple[Pair, ...]
    confusion: Confusion
    row_f1: float | None
    clip_precision: dict[str, float]
    clip_counts: Counts
    hours: float
    quiet_hours: float
    false_alarms: dict[str, int]

    @property
    def clip_accuracy(self) -> float | None:
        """Share of clips whose highest clip score is that of their label."""
        clips = int(self.clip_counts.sum())
        return int(self.clip_counts.trace()) / clips if clips else None

    @property
    def borders(self) -> OnsetOffsetErrors | None:
        """Onset and offset errors of all matched events."""
        return onset_offset_errors(self.pairs)

    @property
    def kinds(self) -> list[Kind]:
        """The kinds of sound in the recordings without events."""
        return kinds_of(self.results)

    @property
    def false_alarm_rate(self) -> AlarmRate | None:
        """False alarms an hour in recordings without events, and on other sounds; None without such recordings."""
        return false_alarm_rate(self.kinds)

    def to_dict(self) -> dict[str, Any]:
        """The metrics for a card: macro averages and values by label, as far as they apply."""
        rate = self.false_alarm_rate
        figures = {
            "event_f1_macro": _mean(self.event_f1.values()),
            "segment_f1_macro": _mean(self.segment_f1.values()),
            "false_alarms_per_hour": None,
            **({} if rate is None else rate.to_dict()),
            "hours": round(self.hours, 4),
            "event_f1": _rounded(self.event_f1),
            "segment_f1": _rounded(self.segment_f1),
        }
        more = {
            "intersection_f1_macro": _mean(self.intersection_f1.values()),
            "psds1": None if self.psds1 is None else round(self.psds1.value, 4),
            "psds2": None if self.psds2 is None else round(self.psds2.value, 4),
            "row_f1": None if self.row_f1 is None else round(self.row_f1, 4),
            "clip_map": _mean(self.clip_precision.values()),
            "clip_accuracy": None if self.clip_accuracy is None else round(self.clip_accuracy, 4),
            **({} if self.borders is None else dataclasses.asdict(self.borders)),
        }
        return figures | {key: value for key, value in more.items() if value is not None}


def evaluate(model: StepModel, recordings: Sequence[Recording]) -> Report:
    """Run a model on recordings, and compare the events that it logs with the truth.

    Events with labels that the model does not know are ignored, with a warning. Another warning says if there are
    events, but none with a known onset and offset.

    Raises:
        DataError: if no recording can be read and has a truth that lies within it.
    """
    report = make_report(model.card, run_on_recordings(model, recordings))
    if not report.event_f1 and any(one.recording.labels for one in report.results):
        _log.warning("no event has a known onset and offset, so there are no metrics of events; %s", TRUTH_ADVICE)
    return report


def run_on_recordings(model: StepModel, recordings: Sequence[Recording]) -> list[RecordingResult]:
    """Run a model on recordings. Labels that it does not know are removed from the truth; see `evaluate`.

    Recordings that cannot be read, or have an event after their end, are skipped with a warning. Frame scores of weakly
    labelled recordings are not kept: no metric uses them, and there may be thousands of clips.
    """
    labels = set(model.card.labels)
    unknown = sorted({label for recording in recordings for label in recording.labels} - labels)
    if unknown:
        _log.warning("the model does not know %s: events of it are ignored", ", ".join(unknown))
    results = []
    for recording in tqdm(recordings, desc="listening", unit="recording", disable=None):
        try:
            results.append(_with_truth_known(run_on_recording(model, recording), labels))
        except (SourceError, DataError) as exc:
            _log.warning("skipped: %s", exc)
    if len(results) < len(recordings):
        _log.warning("%d of %d recordings were skipped", len(recordings) - len(results), len(recordings))
    if not results:
        raise DataError("no recording can be used; give audio that can be read, with its truth, to --data")
    return results


def make_report(card: Card, results: Sequence[RecordingResult]) -> Report:
    """Compare results with the truth.

    Args:
        card: of the model.
        results: from `run_on_recordings`; their events may have been decoded again with other settings.
    """
    strong = [one for one in results if one.recording.truth is not None]
    eventful = [one for one in strong if one.recording.truth]
    quiet = [one for one in strong if not one.recording.truth]
    events = {one.name: one.events for one in eventful}
    truth = {one.name: one.recording.truth or () for one in eventful}
    seconds = {one.name: one.logged_seconds for one in eventful}
    table = {one.name: score_recording(card, one) for one in strong} if eventful else {}
    pairs = [pair for name in truth for pair in match_events(events[name], truth[name])]
    clip_precision, clip_counts = _clip_figures(card.labels, results)
    return Report(
        labels=card.labels,
        results=tuple(results),
        scored=table,
        event_f1=event_f1(events, truth, seconds),
        segment_f1=segment_f1(events, truth, seconds),
        intersection_f1=intersection_f1(events, truth, seconds),
        psds1=psds(table, card.labels, PSDS1) if table else None,
        psds2=psds(table, card.labels, PSDS2) if table else None,
        pairs=tuple(pairs),
        confusion=confusion(((one.events, one.recording.truth or ()) for one in strong), card.labels),
        row_f1=_row_f1(strong) if eventful else None,
        clip_precision=clip_precision,
        clip_counts=clip_counts,
        hours=sum(one.seconds for one in eventful) / 3600,
        quiet_hours=sum(one.seconds for one in quiet) / 3600,
        false_alarms=dict(Counter(label for one in quiet for *_, label in one.events)),
    )


def score_recording(card: Card, result: RecordingResult) -> ScoredRecording:
    """What the decoder reports of a recording at every threshold, with its truth, for `curves`."""
    edges = np.array([frame_edge(k, card.frame_samples) / card.sample_rate for k in range(len(result.scores) + 1)])
    edges[-1] = result.seconds  # the last frame may be shorter
    return ScoredRecording(
        scores=highest_thresholds(result.scores, [card.decoding[label] for label in card.labels]),
        edges=edges,
        truth=result.recording.truth or (),
    )


def _with_truth_known(result: RecordingResult, labels: Set[str]) -> RecordingResult:
    """Remove labels that the model does not know; merge events of one label that overlap or touch.

    If the recording has none of the model's labels, but one as a secondary label, its truth is not known.
    """
    recording = result.recording
    inside = tuple(label for label in recording.labels if label in labels)
    truth = recording.truth
    if not inside:
        truth = None if labels & set(recording.secondary) else truth or ()
    if truth is not None:
        known = [
            (onset, min(offset, result.logged_seconds), label) for onset, offset, label in truth if label in labels
        ]
        if any(onset >= offset for onset, offset, _ in known):
            raise DataError(
                f"{recording.path}: its truth has an event after its end, {result.seconds:.2f} s; correct the table"
            )
        truth = tuple(_merged(known))
    return dataclasses.replace(
        result,
        recording=dataclasses.replace(recording, truth=truth, labels=inside),
        scores=result.scores if truth is not None else result.scores[:0].copy(),  # a view would keep them all
    )


def _merged(events: Collection[Annotation]) -> list[Annotation]:
    by_label = {label: sorted(event[:2] for event in events if event[2] == label) for *_, label in events}
    return sorted((*span, label) for label, spans in by_label.items() for span in merge_spans(spans, touching=True))


def _clip_figures(labels: Sequence[str], results: Sequence[RecordingResult]) -> tuple[dict[str, float], Counts]:
    """Average precision of clip scores, and counts by the highest one, if all recordings have one label at most.

    A recording without labels counts as a negative example. With a single class there is no choice to count.
    """
    counts = np.zeros((len(labels), len(labels)), dtype=np.int64)
    known = [one for one in results if one.recording.labels or one.recording.truth is not None]
    clips = [one for one in known if one.recording.labels]
    if not clips or any(len(one.recording.labels) > 1 for one in clips):
        return {}, counts
    scores = np.stack([one.clip_scores for one in known])
    precision = clip_average_precision(scores, labels, [one.recording.labels for one in known])
    for one in clips if len(labels) > 1 else ():
        counts[labels.index(one.recording.labels[0]), one.clip_scores.argmax()] += 1
    return precision, counts


def _row_f1(results: Iterable[RecordingResult]) -> float:
    rows = [
        (reported, true)
        for one in results
        for reported, true in zip(
            row_labels(one.events, one.seconds),
            row_labels(one.recording.truth or (), one.seconds),
            strict=True,
        )
    ]
    return row_f1([reported for reported, _ in rows], [true for _, true in rows])


def _mean(values: Collection[float]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None


def _rounded(values: dict[str, float]) -> dict[str, float]:
    return {label: round(value, 4) for label, value in values.items()}
