"""Whether false alarms stay within what was promised, on kinds of sound that did not choose the settings."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.model import Card
from sed.evaluation import RecordingResult, kinds_of
from sed.tuning import SettingFigures, cross_fit, evaluate_settings, within_count

AIMS = (60.0, 120.0, 240.0)
_STRICTER = (1.0, 0.75, 0.5, 0.35, 0.25, 0.15, 0.1)  # shares of an aim that a mere count is held to
_MINUTE = 60.0

Figures = Mapping[str, SettingFigures]


class Outcome(NamedTuple):
    """What settings that were chosen on some kinds and minutes gave on the others.

    Attributes:
        promised: false alarms an hour.
        counted: on kinds that did not choose them.
        event_f1: mean over classes, on minutes that did not choose them, as for the next.
        recall: of events.
    """

    promised: float
    counted: float
    event_f1: float
    recall: float


def split_table(card: Card, results: Sequence[RecordingResult], splits: int) -> list[str]:
    """A line for each aim and rule: how often the promise held over random splits of the kinds, and what it cost.

    Half of the kinds choose, the others judge; so do the even and the odd minutes of the recordings with events.

    Args:
        card: of the model.
        results: of recordings with events, and of others.
        splits: how many.
    """
    quiet = [one for one in results if one.recording.truth == ()]
    halves = [
        {label: evaluate_settings(card, [*_minutes(card, results, odd), *quiet], label) for label in card.labels}
        for odd in (0, 1)
    ]
    hours = np.array([kind.hours for kind in kinds_of(quiet)])
    lines = [f"{'aim':>5}  {'rule':24}  promised  in splits  holds  counted  event F1  recall"]
    for aim in AIMS:
        rules = {f"count <= {share:g} aim": share for share in _STRICTER}
        found = {
            name: [_counted(halves, hours, aim, share, seed) for seed in range(splits)] for name, share in rules.items()
        }
        found["bound <= aim"] = [_bounded(halves, hours, aim, seed) for seed in range(splits)]
        lines += [_line(aim, name, [one for one in outcomes if one is not None]) for name, outcomes in found.items()]
    return lines


def _minutes(card: Card, results: Sequence[RecordingResult], odd: int) -> list[RecordingResult]:
    """The even or the odd minutes of recordings with events; an event belongs to the minute in which it begins."""
    frames, found = round(_MINUTE / card.frame_seconds), []
    for one in results:
        for minute in range(odd, int(one.seconds / _MINUTE), 2) if one.recording.truth else ():
            begin, end = minute * _MINUTE, (minute + 1) * _MINUTE
            truth = tuple(
                (on - begin, min(off, end) - begin, label)
                for on, off, label in one.recording.truth or ()
                if begin <= on < end
            )
            path = one.recording.path.with_name(f"{one.recording.path.stem} {minute}")
            recording = dataclasses.replace(one.recording, path=path, truth=truth)
            scores = one.scores[minute * frames : (minute + 1) * frames]
            found += [dataclasses.replace(one, recording=recording, scores=scores, events=(), seconds=_MINUTE)]
    return [one for one in found if one.recording.truth]


def _split(
    halves: Sequence[Figures], groups: int, seed: int
) -> tuple[Figures, Figures, NDArray[np.int64], NDArray[np.int64]]:
    """Figures that choose, with false alarms of the kinds that choose; figures that judge; both sides' kinds."""
    shuffled = np.random.default_rng(seed).permutation(groups)
    choosing, judging = np.sort(shuffled[: groups // 2]), np.sort(shuffled[groups // 2 :])
    half = halves[seed % 2]
    chooser = {
        label: dataclasses.replace(one, false_alarms=one.false_alarms[..., choosing]) for label, one in half.items()
    }
    return chooser, halves[1 - seed % 2], choosing, judging


def _counted(
    halves: Sequence[Figures], hours: NDArray[np.float64], aim: float, share: float, seed: int
) -> Outcome | None:
    chooser, judge, choosing, judging = _split(halves, len(hours), seed)
    chosen = within_count(chooser, int(share * aim * hours[choosing].sum() + 1e-9))
    return None if chosen is None else _judged(judge, hours, judging, chosen, aim)


def _bounded(halves: Sequence[Figures], hours: NDArray[np.float64], aim: float, seed: int) -> Outcome:
    """At the aim, or else at the least that can be promised."""
    chooser, judge, choosing, judging = _split(halves, len(hours), seed)
    fit = cross_fit(chooser, np.zeros(len(choosing), dtype=np.int32), hours[choosing], aim)
    kept = fit.within(aim)
    at = fit.budgets[0] if kept is None else kept
    return _judged(judge, hours, judging, at.chosen, aim if kept is not None else at.bound_per_hour)


def _judged(
    judge: Figures, hours: NDArray[np.float64], judging: NDArray[np.int64], chosen: Sequence[int], promised: float
) -> Outcome:
    at = list(zip(judge.values(), chosen, strict=True))
    alarms = sum(int(one.false_alarms.reshape(-1, len(hours))[k, judging].sum()) for one, k in at)
    event_f1, recall = (
        float(np.mean([values.flat[k] for values, k in zip(axis, chosen, strict=True)]))
        for axis in ([one.event_f1 for one in judge.values()], [one.recall for one in judge.values()])
    )
    return Outcome(promised, alarms / float(hours[judging].sum()), event_f1, recall)


def _line(aim: float, rule: str, outcomes: Sequence[Outcome]) -> str:
    if not outcomes:
        return f"{aim:5.0f}  {rule:24}  no settings are so strict"
    means = Outcome(*np.mean(outcomes, axis=0))
    holds = np.mean([one.counted <= one.promised + 1e-9 for one in outcomes])
    return (
        f"{aim:5.0f}  {rule:24}  {means.promised:8.0f}  {len(outcomes):9d}  {holds:5.0%}  {means.counted:7.0f}  "
        f"{means.event_f1:8.3f}  {means.recall:6.3f}"
    )
