"""Compares reported events with true ones: onset and offset errors, confusion of classes, rows of 5 s."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from sed.data import ROW_SECONDS, Annotation

Pair = tuple[Annotation, Annotation]  # a true event, and the reported one that it is matched with

# Wide collars: an event that is further off counts as missed and false, not as one with an onset or offset error.
_COLLAR_SECONDS, _OFFSET_SHARE = 1.0, 0.5


@dataclass(frozen=True, kw_only=True)
class OnsetOffsetErrors:
    """Onset and offset errors of matched events, in ms; late is positive.

    Attributes:
        onset_bias_ms: median of the signed onset errors.
        onset_error_ms: median of the absolute onset errors.
        offset_bias_ms: median of the signed offset errors.
        offset_error_ms: median of the absolute offset errors.
    """

    onset_bias_ms: float
    onset_error_ms: float
    offset_bias_ms: float
    offset_error_ms: float


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """Which classes are confused with which.

    Attributes:
        found: `[true label, reported label or nothing]`, true events by the label that was reported at their time;
            nothing also if all events reported there overlap true events of their own label.
        false_alarms: `[reported label, true label or nothing]`, reported events that overlap no true event of their own
            label, by the true label at their time.
    """

    found: NDArray[np.int64]
    false_alarms: NDArray[np.int64]


def match_events(reported: Sequence[Annotation], truth: Sequence[Annotation]) -> list[Pair]:
    """Match the events of one recording with its truth, one to one, within each label.

    A pair has onsets at most 1 s apart, and offsets at most 1 s or half of the true length. The matching has the most
    pairs, and among those the smallest sum of onset errors.
    """
    pairs: list[Pair] = []
    for label in sorted({event[2] for event in truth} & {event[2] for event in reported}):
        own, found = ([event for event in events if event[2] == label] for events in (truth, reported))
        own_times, found_times = (np.array([event[:2] for event in events]) for events in (own, found))
        errors = np.abs(own_times[:, None] - found_times[None])  # [true, reported, onset and offset]
        collars = np.maximum(_COLLAR_SECONDS, _OFFSET_SHARE * (own_times[:, 1] - own_times[:, 0]))
        close = (errors[..., 0] <= _COLLAR_SECONDS + 1e-6) & (errors[..., 1] <= collars[:, None] + 1e-6)
        apart = _COLLAR_SECONDS * (min(len(own), len(found)) + 1)  # costs more than any number of pairs
        rows, columns = linear_sum_assignment(np.where(close, errors[..., 0], apart))
        pairs += [(own[i], found[j]) for i, j in zip(rows, columns, strict=True) if close[i, j]]
    return pairs


def onset_offset_errors(pairs: Collection[Pair]) -> OnsetOffsetErrors | None:
    """Onset and offset errors of pairs; None without pairs."""
    if not pairs:
        return None
    errors = 1000 * np.array([(found[0] - true[0], found[1] - true[1]) for true, found in pairs])
    bias, error = np.median(errors, axis=0), np.median(np.abs(errors), axis=0)
    return OnsetOffsetErrors(
        onset_bias_ms=round(float(bias[0]), 1),
        onset_error_ms=round(float(error[0]), 1),
        offset_bias_ms=round(float(bias[1]), 1),
        offset_error_ms=round(float(error[1]), 1),
    )


def confusion(
    recordings: Iterable[tuple[Sequence[Annotation], Sequence[Annotation]]], labels: Sequence[str]
) -> Confusion:
    """Count which classes are confused with which.

    Args:
        recordings: (reported events, true events) of each.
        labels: the classes, in the order of the rows and columns.
    """
    found = np.zeros((len(labels), len(labels) + 1), dtype=np.int64)
    false_alarms = np.zeros_like(found)
    for reported, truth in recordings:
        wrong = [event for event in reported if _label_at(event, truth) != event[2]]
        for event in wrong:
            false_alarms[labels.index(event[2]), _index(_label_at(event, truth), labels)] += 1
        for event in truth:
            own = [other for other in reported if other[2] == event[2]]
            found[labels.index(event[2]), _index(_label_at(event, own + wrong), labels)] += 1
    return Confusion(found=found, false_alarms=false_alarms)


def _label_at(event: Annotation, others: Iterable[Annotation]) -> str | None:
    """The label of others that overlap an event: its own if there is one, else the one with most overlap, else None."""
    overlaps = [(_overlap(event, other), other[2]) for other in others if _overlap(event, other) > 0]
    if any(label == event[2] for _, label in overlaps):
        return event[2]
    return max(overlaps)[1] if overlaps else None


def _overlap(one: Annotation, other: Annotation) -> float:
    return min(one[1], other[1]) - max(one[0], other[0])


def _index(label: str | None, labels: Sequence[str]) -> int:
    return len(labels) if label is None else labels.index(label)


def row_labels(events: Iterable[Annotation], seconds: float) -> list[set[str]]:
    """The labels within each 5 s of a recording, or `nocall`: the rows of Cornell Birdcall Identification."""
    rows: list[set[str]] = [set() for _ in range(int(np.ceil(seconds / ROW_SECONDS)))]
    for onset, offset, label in events:
        for row in rows[int(onset / ROW_SECONDS) : int(np.ceil(offset / ROW_SECONDS))]:
            row.add(label)
    return [row or {"nocall"} for row in rows]


def row_f1(reported: Sequence[Collection[str]], truth: Sequence[Collection[str]]) -> float:
    """Row-wise micro F1 of Cornell Birdcall Identification: the mean over rows of F1 between sets of tokens.

    >>> round(row_f1([{"a"}, {"a", "x"}, {"nocall"}], [{"a"}, {"a", "b"}, {"nocall"}]), 4)
    0.8333
    """
    pairs = [(set(found), set(true)) for found, true in zip(reported, truth, strict=True)]
    return float(np.mean([2 * len(found & true) / (len(found) + len(true)) for found, true in pairs]))
