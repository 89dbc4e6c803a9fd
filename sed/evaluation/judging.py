"""How good a model is on whole recordings, judged by what the runtime of the device would log."""

import dataclasses
import logging
from collections import Counter
from collections.abc import Collection, Iterable, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from edge.detection import frame_edge
from edge.errors import SourceError
from edge.model import Card, StepModel
from sed.data import Annotation, merge_spans
from sed.errors import DataError
from sed.evaluation.curves import PSDS1, PSDS2, Psds, Scored, psds
from sed.evaluation.listening import Heard, hear
from sed.evaluation.matching import (
    BorderErrors,
    Confusion,
    Pair,
    border_errors,
    confusion,
    matched,
    row_f1,
    tokens_by_row,
)
from sed.evaluation.metrics import clip_average_precision, event_f1, intersection_f1, segment_f1
from sed.evaluation.recordings import Recording
from sed.evaluation.sweep import swept

_log = logging.getLogger(__name__)

Counts = NDArray[np.int64]

# What to do where no borders are known.
TRUTH_WANTED = "give a table of them (filename onset offset event_label), or mix scenes with their truth by sed-synth"


@dataclass(frozen=True, kw_only=True)
class Report:
    """Figures of one model. What does not apply to the recordings is empty or None.

    Event, segment and intersection F1 and borders are of recordings that hold events; PSDS and rows of those without
    events too; clip figures need recordings that hold one label each.

    Attributes:
        labels: of the model.
        heard: all that was listened to.
        scored: what PSDS was computed of, by recording.
        event_f1: by label that the truth holds; see `sed.evaluation.metrics`, as for the next two.
        segment_f1: in segments of 1 s.
        intersection_f1: DTC and GTC 0.5.
        psds1: where events are.
        psds2: what they are.
        pairs: true events and the reported ones that they are matched with.
        confusion: which classes are taken for which.
        row_f1: rows of 5 s, as in Cornell Birdcall Identification.
        clip_precision: average precision of the clip scores, by label; see `sed.evaluation.metrics`.
        clip_counts: `[classes, classes]`, clips of each label by the class with their greatest clip score.
        hours: of recordings that hold events.
        quiet_hours: of recordings that hold none.
        false_alarms: events reported in those, by label.
    """

    labels: tuple[str, ...]
    heard: tuple[Heard, ...]
    scored: dict[str, Scored]
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
        """Share of clips whose greatest clip score is that of their label."""
        clips = int(self.clip_counts.sum())
        return int(self.clip_counts.trace()) / clips if clips else None

    @property
    def borders(self) -> BorderErrors | None:
        """How far the borders of all matched events are off."""
        return border_errors(self.pairs)

    def to_dict(self) -> dict[str, Any]:
        """What goes into a card: macro averages and figures by label, those that apply."""
        alarms = sum(self.false_alarms.values()) / self.quiet_hours if self.quiet_hours > 0 else None
        figures = {
            "event_f1_macro": _mean(self.event_f1.values()),
            "segment_f1_macro": _mean(self.segment_f1.values()),
            "false_alarms_per_hour": None if alarms is None else round(alarms, 1),
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
    """Let a model listen to recordings, and compare what it logs with their truth.

    A label that the model does not know is no event to it, and a warning names it. Another says so if there are events
    and it is not known where.

    Raises:
        DataError: if no recording can be heard and has a truth that lies within it.
    """
    report = judge(model.card, listen_to(model, recordings))
    if not report.event_f1 and any(one.recording.labels for one in report.heard):
        _log.warning("no recording holds an event whose borders are known: no figures of events; %s", TRUTH_WANTED)
    return report


def listen_to(model: StepModel, recordings: Sequence[Recording]) -> list[Heard]:
    """Let a model listen to recordings. Their truth is cut to what it can know; see `evaluate`.

    What cannot be read, and what has an event beyond its end, is skipped, and a warning names it. Frame scores of
    recordings without known borders are not kept: no figure uses them, and there may be thousands of clips.
    """
    labels = set(model.card.labels)
    unknown = sorted({label for recording in recordings for label in recording.labels} - labels)
    if unknown:
        _log.warning("the model does not know %s: no event to it", ", ".join(unknown))
    heard = []
    for recording in tqdm(recordings, desc="listening", unit="recording", disable=None):
        try:
            heard.append(_with_truth_known(hear(model, recording), labels))
        except (SourceError, DataError) as exc:
            _log.warning("skipped: %s", exc)
    if len(heard) < len(recordings):
        _log.warning("%d of %d recordings were skipped", len(recordings) - len(heard), len(recordings))
    if not heard:
        raise DataError("no recording can be used; give audio that can be read, with its truth, to --data")
    return heard


def judge(card: Card, heard: Sequence[Heard]) -> Report:
    """Compare what was heard with the truth.

    Args:
        card: of the model.
        heard: what `listen_to` returned, its events perhaps decoded by other settings since.
    """
    placed = [one for one in heard if one.recording.truth is not None]
    eventful = [one for one in placed if one.recording.truth]
    quiet = [one for one in placed if not one.recording.truth]
    events = {one.name: one.events for one in eventful}
    truth = {one.name: one.recording.truth or () for one in eventful}
    seconds = {one.name: one.logged_seconds for one in eventful}
    table = {one.name: scored(card, one) for one in placed} if eventful else {}
    pairs = [pair for name in truth for pair in matched(events[name], truth[name])]
    clip_precision, clip_counts = _clip_figures(card.labels, heard)
    return Report(
        labels=card.labels,
        heard=tuple(heard),
        scored=table,
        event_f1=event_f1(events, truth, seconds),
        segment_f1=segment_f1(events, truth, seconds),
        intersection_f1=intersection_f1(events, truth, seconds),
        psds1=psds(table, card.labels, PSDS1) if table else None,
        psds2=psds(table, card.labels, PSDS2) if table else None,
        pairs=tuple(pairs),
        confusion=confusion(((one.events, one.recording.truth or ()) for one in placed), card.labels),
        row_f1=_row_f1(placed) if eventful else None,
        clip_precision=clip_precision,
        clip_counts=clip_counts,
        hours=sum(one.seconds for one in eventful) / 3600,
        quiet_hours=sum(one.seconds for one in quiet) / 3600,
        false_alarms=dict(Counter(label for one in quiet for *_, label in one.events)),
    )


def scored(card: Card, heard: Heard) -> Scored:
    """What the decoder would report of a recording at every threshold, beside its truth, for `curves`."""
    edges = np.array([frame_edge(k, card.frame_samples) / card.sample_rate for k in range(len(heard.scores) + 1)])
    edges[-1] = heard.seconds  # a last frame may be filled only in part
    return Scored(
        scores=swept(heard.scores, [card.decoding[label] for label in card.labels]),
        edges=edges,
        truth=heard.recording.truth or (),
    )


def _with_truth_known(heard: Heard, labels: Set[str]) -> Heard:
    """Without labels that the model does not know; events of one label that overlap or touch become one.

    Where one that it knows may sound beside others that it does not, nobody knows whether it is right to be silent.
    """
    recording = heard.recording
    inside = tuple(label for label in recording.labels if label in labels)
    truth = recording.truth
    if not inside:
        truth = None if labels & set(recording.secondary) else truth or ()
    if truth is not None:
        known = [(onset, min(offset, heard.logged_seconds), label) for onset, offset, label in truth if label in labels]
        if any(onset >= offset for onset, offset, _ in known):
            raise DataError(f"{recording.path}: its truth has an event beyond its end, {heard.seconds:.2f} s; mend it")
        truth = tuple(_joined(known))
    return dataclasses.replace(
        heard,
        recording=dataclasses.replace(recording, truth=truth, labels=inside),
        scores=heard.scores if truth is not None else heard.scores[:0].copy(),  # a view would keep them all
    )


def _joined(events: Collection[Annotation]) -> list[Annotation]:
    by_label = {label: sorted(event[:2] for event in events if event[2] == label) for *_, label in events}
    return sorted((*span, label) for label, spans in by_label.items() for span in merge_spans(spans, touching=True))


def _clip_figures(labels: Sequence[str], heard: Sequence[Heard]) -> tuple[dict[str, float], Counts]:
    """Average precision and greatest of clip scores, where whatever holds a label holds just one.

    What holds none is a clip that must not score high. Among classes that are only one, none is the greatest.
    """
    counts = np.zeros((len(labels), len(labels)), dtype=np.int64)
    known = [one for one in heard if one.recording.labels or one.recording.truth is not None]
    clips = [one for one in known if one.recording.labels]
    if not clips or any(len(one.recording.labels) > 1 for one in clips):
        return {}, counts
    scores = np.stack([one.clip_scores for one in known])
    precision = clip_average_precision(scores, labels, [one.recording.labels for one in known])
    for one in clips if len(labels) > 1 else ():
        counts[labels.index(one.recording.labels[0]), one.clip_scores.argmax()] += 1
    return precision, counts


def _row_f1(heard: Iterable[Heard]) -> float:
    rows = [
        (said, true)
        for one in heard
        for said, true in zip(
            tokens_by_row(one.events, one.seconds),
            tokens_by_row(one.recording.truth or (), one.seconds),
            strict=True,
        )
    ]
    return row_f1([said for said, _ in rows], [true for _, true in rows])


def _mean(values: Collection[float]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None


def _rounded(values: dict[str, float]) -> dict[str, float]:
    return {label: round(value, 4) for label, value in values.items()}
