"""Chooses decoder settings on validation recordings, class by class, for an aim.

Ten minutes of validation contain about a dozen events of a class, and a single event could change the choice. So the
value of a setting is the mean over its neighbours, one step up and down in median length and both thresholds: a setting
that is only good by chance loses. Chosen on one half of recordings and evaluated on the other half, this gained 0.04 of
event F1 over the plain best; resampling of the recordings gained nothing.

With a model that separates its classes well, many settings are equally good. Of equal ones, the one with the fewest
false alarms is taken, then the one nearest to the middle of the grid: neither too loose nor too strict.

False alarms are limited by what as many other kinds of sound give at most (`sed.tuning.promise`). On fewer kinds than
say anything about others, or on a single long recording, only the count on these recordings is limited.
"""

import dataclasses
import json
import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from edge.detection import AlarmRate, describe_rate, parse_rate, poisson_bound
from edge.errors import SettingError
from edge.model import Card
from sed.errors import DataError
from sed.evaluation import (
    PSDS1,
    TRUTH_ADVICE,
    Kind,
    RecordingResult,
    false_alarm_rate,
    kinds_of,
    psds,
    score_recording,
)
from sed.recipe import DecodingConfig
from sed.tuning.candidates import GRID, SettingFigures, evaluate_settings, setting_at
from sed.tuning.knapsack import Knapsack, Values
from sed.tuning.promise import Alarms, CrossFit

_log = logging.getLogger(__name__)

# Event F1 alone would choose settings with a few exact onsets and offsets that miss half of the sound.
_SEGMENT_WEIGHT = 0.3
_CURVE = (0.25, 0.5, 1.0, 2.0, 4.0)  # times the aim
_MEDIAN, _ON, _OFF, _MERGE, _SHORTEST = range(len(GRID))  # axes of the grid


@dataclass(frozen=True, kw_only=True)
class Aim:
    """The aim that settings are chosen for.

    Attributes:
        name: `event-f1`, `psds1` or `false-alarms`.
        false_alarms_per_hour: for `false-alarms`, the most of all classes together in recordings without events, of
            as many new kinds of sound as there are.
    """

    name: str
    false_alarms_per_hour: float | None = None

    @classmethod
    def parse(cls, text: str) -> "Aim":
        """Read `event-f1`, `psds1`, or `false-alarms=N`, `false-alarms=N/day`.

        Raises:
            SettingError: if it is something else.
        """
        name, _, value = text.partition("=")
        if name == "false-alarms" and (per_hour := parse_rate(value)) is not None:
            return cls(name=name, false_alarms_per_hour=per_hour)
        if text not in ("event-f1", "psds1"):
            raise SettingError(f"--aim {text}: expected event-f1, psds1 or false-alarms=N, N per hour, or N/day")
        return cls(name=text)


class CurvePoint(NamedTuple):
    """What settings give that keep an aim of false alarms an hour.

    Attributes:
        aim: the false alarms an hour that as many new kinds give at most, nine times of ten.
        per_hour: what they give on kinds that did not choose the settings.
        event_f1: mean over classes, on the recordings that the settings were chosen on, as for the next.
        recall: share of the true events that are matched by a reported one.
    """

    aim: float
    per_hour: float
    event_f1: float
    recall: float


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """The settings that were chosen.

    Attributes:
        decoding: of each class in the truth.
        promise: false alarms an hour on kinds that did not choose the settings, and on as many others; None if there
            is no such aim, or too few kinds.
        curve: what stricter and looser aims cost.
    """

    decoding: dict[str, DecodingConfig]
    promise: AlarmRate | None = None
    curve: tuple[CurvePoint, ...] = ()


def tune(card: Card, results: Sequence[RecordingResult], aim: Aim) -> Tuning:
    """Choose settings for each class in the truth.

    Args:
        card: of the model, with its present settings.
        results: from `sed.evaluation.run_on_recordings`.
        aim: what to choose for.

    Raises:
        DataError: if no recording has an event, or all have one and false alarms are to be counted.
        SettingError: if even the strictest settings give more false alarms than allowed.
    """
    strong = [one for one in results if one.recording.truth is not None]
    present = {label for one in strong for *_, label in one.recording.truth or ()}
    labels = [label for label in card.labels if label in present]
    quiet = [one for one in strong if not one.recording.truth]
    if not labels:
        raise DataError(f"no event has a known onset and offset; {TRUTH_ADVICE}")
    if aim.false_alarms_per_hour is not None and not quiet:
        raise DataError("every recording has events, so false alarms cannot be counted; add --data without events")
    kept = [label for label in card.labels if label not in present]
    if kept:
        _log.warning("no recording has an event of %s: its settings stay as they are", ", ".join(kept))
    bar = tqdm(labels, desc="tuning", unit="class", disable=None)
    figures = {label: evaluate_settings(card, strong, label) for label in bar}
    undetected = [label for label, one in figures.items() if not one.event_f1.any() and not one.segment_f1.any()]
    if undetected:
        _log.warning("no setting detects any %s: its chosen settings mean nothing", " or ".join(undetected))
    if aim.false_alarms_per_hour is None:
        positions = _best_psds1(card, strong, labels) if aim.name == "psds1" else {}
        return Tuning(decoding={label: _best(figures[label], positions.get(label)) for label in labels})
    kinds = kinds_of(strong)
    already = np.array([sum(kind.alarms[label] for label in kept) for kind in kinds], dtype=np.int32)
    rate = false_alarm_rate(kinds)
    assert rate is not None
    if rate.bound_per_hour is None:
        _log.warning(
            "%s: too few to say what others give, so the aim holds on these recordings only; add --data of other "
            "kinds of sound, a folder for each",
            rate.counted_on,
        )
        hours = sum(kind.hours for kind in kinds)
        return _within_count(figures, aim.false_alarms_per_hour, hours, int(already.sum()))
    return _within_bound(figures, aim.false_alarms_per_hour, kinds, already, rate.counted_on)


def neighbour_mean(values: NDArray[np.floating | np.integer], axes: Sequence[int]) -> Values:
    """The mean of each value and its two neighbours along each axis in turn; an edge value is its own neighbour."""
    for axis in axes:
        padded = np.pad(values, [(1, 1) if k == axis else (0, 0) for k in range(values.ndim)], mode="edge")
        length = values.shape[axis]
        values = np.mean([padded.take(range(k, k + length), axis=axis) for k in range(3)], axis=0)
    return np.asarray(values, dtype=np.float64)


def to_toml(decoding: Mapping[str, DecodingConfig]) -> str:
    """Settings as the tables of a recipe."""
    tables = []
    for label, config in decoding.items():
        name = label if re.fullmatch(r"[A-Za-z0-9_-]+", label) else json.dumps(label, ensure_ascii=False)
        lines = [f"{key} = {value:g}" for key, value in config.to_dict().items()]
        tables.append("\n".join([f"[decoding.{name}]", *lines]))
    return "\n\n".join(tables)


def _value(figures: SettingFigures) -> Values:
    value = neighbour_mean(figures.event_f1 + _SEGMENT_WEIGHT * figures.segment_f1, (_MEDIAN, _ON, _OFF))
    return value - 1e-9 * figures.false_alarms.sum(axis=-1) - _distance_penalty(GRID)


def _distance_penalty(sizes: Sequence[int]) -> Values:
    """The distance from the middle of a grid of these sizes, scaled to be smaller than any measured difference."""
    steps = np.indices(sizes) - (np.array(sizes).reshape(-1, *[1] * len(sizes)) - 1) / 2
    return 1e-12 * np.abs(steps).sum(axis=0)


def _best(figures: SettingFigures, position: tuple[int, ...] | None) -> DecodingConfig:
    """The best setting, or the best `on` at a position of the grid."""
    values = _value(figures)
    if position is None:
        return setting_at([int(k) for k in np.unravel_index(values.argmax(), GRID)])
    along_on = tuple(slice(None) if axis == _ON else k for axis, k in enumerate(position))
    return setting_at(_replaced(position, (_ON,), (int(values[along_on].argmax()),)))


def _within_count(figures: Mapping[str, SettingFigures], per_hour: float, hours: float, already: int) -> Tuning:
    """The best settings with at most so many false alarms per hour, including `already` ones of other labels."""
    chosen = within_count(figures, int(per_hour * hours + 1e-9) - already)
    if chosen is None:
        least = already + sum(int(one.false_alarms.sum(axis=-1).min()) for one in figures.values())
        raise SettingError(
            f"--aim false-alarms={per_hour:g}: the strictest settings still give {least} in {hours:.2g} h; "
            f"allow false-alarms={np.ceil(least / hours):.0f}, or train with these sounds as distractors"
        )
    return Tuning(decoding=_settings(figures, chosen))


def _within_bound(
    figures: Mapping[str, SettingFigures], per_hour: float, kinds: Sequence[Kind], already: Alarms, counted_on: str
) -> Tuning:
    """The best settings that give at most so many false alarms per hour on as many other kinds."""
    hours = np.array([kind.hours for kind in kinds])
    fit = cross_fit(figures, already, hours, max(_CURVE) * per_hour)
    kept = fit.within(per_hour)
    if kept is None:
        least = fit.budgets[0].bound_per_hour if fit.budgets else np.inf
        raise SettingError(
            f"--aim false-alarms={per_hour:g}: in {hours.sum():.2g} h of {counted_on} nothing less than "
            f"{describe_rate(least)} can be promised; allow more, or add --data of other sounds: a day without any "
            f"false alarm promises {describe_rate(poisson_bound(0) / 24)}"
        )
    curve = []
    for share in _CURVE:
        if (at := fit.within(share * per_hour)) is not None:
            f1, recall = (
                np.mean([getattr(one, name).flat[k] for one, k in zip(figures.values(), at.chosen, strict=True)])
                for name in ("event_f1", "recall")
            )
            curve.append(CurvePoint(share * per_hour, at.per_hour, float(f1), float(recall)))
    promise = AlarmRate(per_hour=kept.per_hour, bound_per_hour=kept.bound_per_hour, counted_on=counted_on)
    return Tuning(decoding=_settings(figures, kept.chosen), promise=promise, curve=tuple(curve))


def within_count(figures: Mapping[str, SettingFigures], count: int) -> list[int] | None:
    """The candidate of each class, counted along the flat grid, with the best values and at most so many false alarms.

    None if even the strictest settings give more.
    """
    alarms = [one.false_alarms.sum(axis=-1, dtype=np.int64).ravel() for one in figures.values()]
    return Knapsack([_value(one).ravel() for one in figures.values()], alarms, count).within(count)


def cross_fit(figures: Mapping[str, SettingFigures], already: Alarms, hours: Values, per_hour: float) -> CrossFit:
    """Budgets of false alarms up to a rate; see `CrossFit` for the arguments."""
    groups = len(hours)
    charged = [neighbour_mean(one.false_alarms, (_MEDIAN, _ON, _OFF)) for one in figures.values()]
    return CrossFit(
        [_value(one).ravel() for one in figures.values()],
        [one.false_alarms.reshape(-1, groups) for one in figures.values()],
        [one.reshape(-1, groups) for one in charged],
        already,
        hours,
        per_hour,
    )


def _settings(labels: Iterable[str], chosen: Iterable[int]) -> dict[str, DecodingConfig]:
    return {
        label: setting_at([int(k) for k in np.unravel_index(number, GRID)])
        for label, number in zip(labels, chosen, strict=True)
    }


def _best_psds1(card: Card, results: Sequence[RecordingResult], labels: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """The index in `GRID` at which each class has the best PSDS1, which sweeps `on`.

    Median and `off` are searched together, then, with the best of them, merge gap and shortest event.
    """
    best = dict.fromkeys(labels, (0,) * len(GRID))
    for axes in ((_MEDIAN, _OFF), (_MERGE, _SHORTEST)):
        sizes = tuple(GRID[axis] for axis in axes)
        areas = np.zeros((len(labels), *sizes))
        for indices in tqdm(list(np.ndindex(sizes)), desc="curves", unit="setting", disable=None):
            tried = {label: _replaced(index, axes, indices) for label, index in best.items()}
            decoding = {label: setting_at(index).to_frames(card.frame_seconds) for label, index in tried.items()}
            at = dataclasses.replace(card, decoding={**card.decoding, **decoding})
            by_label = psds({one.name: score_recording(at, one) for one in results}, card.labels, PSDS1).by_label
            areas[(slice(None), *indices)] = [by_label[label] for label in labels]
        for label, area in zip(labels, neighbour_mean(areas, (1, 2)), strict=True):
            indices = tuple(int(k) for k in np.unravel_index((area - _distance_penalty(sizes)).argmax(), sizes))
            best[label] = _replaced(best[label], axes, indices)
    return best


def _replaced(index: tuple[int, ...], axes: Sequence[int], indices: Sequence[int]) -> tuple[int, ...]:
    changed = dict(zip(axes, indices, strict=True))
    return tuple(changed.get(axis, position) for axis, position in enumerate(index))
