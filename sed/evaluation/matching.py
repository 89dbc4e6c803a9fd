"""What a log says beside its truth, event by event: borders that are off, classes taken for others, rows of 5 s."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from sed.data import ROW_SECONDS, Annotation

Pair = tuple[Annotation, Annotation]  # a true event, and the reported one that it is matched with

# Generous: what is wrong by more is a missed event and a false one, not a border that is off.
_COLLAR_SECONDS, _OFFSET_SHARE = 1.0, 0.5


@dataclass(frozen=True, kw_only=True)
class BorderErrors:
    """How far the borders of matched events are off, in ms; late is positive.

    Attributes:
        onset_bias_ms: median of the signed onset errors.
        onset_error_ms: median of the absolute ones.
        offset_bias_ms: the same of offsets.
        offset_error_ms: the same of offsets.
    """

    onset_bias_ms: float
    onset_error_ms: float
    offset_bias_ms: float
    offset_error_ms: float


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """Which classes are taken for which.

    Attributes:
        found: `[true label, reported label or nothing]`, true events by what was reported there; nothing, too, if all
            that was reported there lies on truth of its own label.
        false_alarms: `[reported label, true label or nothing]`, events that lie on no truth of their own label, by
            what was there.
    """

    found: NDArray[np.int64]
    false_alarms: NDArray[np.int64]


def matched(heard: Sequence[Annotation], truth: Sequence[Annotation]) -> list[Pair]:
    """Match the events of one recording with its truth, one to one, within a label.

    A pair has onsets at most 1 s apart, and offsets at most 1 s or half of the true length. There are as many pairs as
    can be, and of those choices the one whose onsets are nearest.
    """
    pairs: list[Pair] = []
    for label in sorted({event[2] for event in truth} & {event[2] for event in heard}):
        there, said = ([event for event in events if event[2] == label] for events in (truth, heard))
        true, reported = (np.array([event[:2] for event in events]) for events in (there, said))
        errors = np.abs(true[:, None] - reported[None])  # [true, reported, onset and offset]
        collars = np.maximum(_COLLAR_SECONDS, _OFFSET_SHARE * (true[:, 1] - true[:, 0]))
        close = (errors[..., 0] <= _COLLAR_SECONDS + 1e-6) & (errors[..., 1] <= collars[:, None] + 1e-6)
        apart = _COLLAR_SECONDS * (min(len(there), len(said)) + 1)  # costs more than any number of pairs
        rows, columns = linear_sum_assignment(np.where(close, errors[..., 0], apart))
        pairs += [(there[i], said[j]) for i, j in zip(rows, columns, strict=True) if close[i, j]]
    return pairs


def border_errors(pairs: Collection[Pair]) -> BorderErrors | None:
    """How far borders are off; None without pairs."""
    if not pairs:
        return None
    errors = 1000 * np.array([(said[0] - true[0], said[1] - true[1]) for true, said in pairs])
    bias, error = np.median(errors, axis=0), np.median(np.abs(errors), axis=0)
    return BorderErrors(
        onset_bias_ms=round(float(bias[0]), 1),
        onset_error_ms=round(float(error[0]), 1),
        offset_bias_ms=round(float(bias[1]), 1),
        offset_error_ms=round(float(error[1]), 1),
    )


def confusion(
    recordings: Iterable[tuple[Sequence[Annotation], Sequence[Annotation]]], labels: Sequence[str]
) -> Confusion:
    """Count which classes are taken for which.

    Args:
        recordings: of each what was heard and what was there.
        labels: the classes, in the order of the rows and columns.
    """
    found = np.zeros((len(labels), len(labels) + 1), dtype=np.int64)
    false_alarms = np.zeros_like(found)
    for heard, truth in recordings:
        wrong = [event for event in heard if _there(event, truth) != event[2]]
        for event in wrong:
            false_alarms[labels.index(event[2]), _index(_there(event, truth), labels)] += 1
        for event in truth:
            reported = [other for other in heard if other[2] == event[2]]
            found[labels.index(event[2]), _index(_there(event, reported + wrong), labels)] += 1
    return Confusion(found=found, false_alarms=false_alarms)


def _there(event: Annotation, others: Iterable[Annotation]) -> str | None:
    """The label of what lies where an event is: its own if that is there, else the longest there, else None."""
    overlaps = [(_overlap(event, other), other[2]) for other in others if _overlap(event, other) > 0]
    if any(label == event[2] for _, label in overlaps):
        return event[2]
    return max(overlaps)[1] if overlaps else None


def _overlap(one: Annotation, other: Annotation) -> float:
    return min(one[1], other[1]) - max(one[0], other[0])


def _index(label: str | None, labels: Sequence[str]) -> int:
    return len(labels) if label is None else labels.index(label)


def tokens_by_row(events: Iterable[Annotation], seconds: float) -> list[set[str]]:
    """The labels within each 5 s of a recording, or `nocall`: the rows of Cornell Birdcall Identification."""
    rows: list[set[str]] = [set() for _ in range(int(np.ceil(seconds / ROW_SECONDS)))]
    for onset, offset, label in events:
        for row in rows[int(onset / ROW_SECONDS) : int(np.ceil(offset / ROW_SECONDS))]:
            row.add(label)
    return [row or {"nocall"} for row in rows]


def row_f1(heard: Sequence[Collection[str]], truth: Sequence[Collection[str]]) -> float:
    """Row-wise micro F1 of Cornell Birdcall Identification: the mean over rows of F1 between sets of tokens.

    >>> round(row_f1([{"a"}, {"a", "x"}, {"nocall"}], [{"a"}, {"a", "b"}, {"nocall"}]), 4)
    0.8333
    """
    pairs = [(set(said), set(true)) for said, true in zip(heard, truth, strict=True)]
    return float(np.mean([2 * len(said & true) / (len(said) + len(true)) for said, true in pairs]))
