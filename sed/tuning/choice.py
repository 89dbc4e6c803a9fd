"""Chooses decoder settings on validation recordings, class by class, for an aim.

Ten minutes of validation contain about a dozen events of a class, and a single event could change the choice. So the
value of a setting is the mean over its neighbours, one step up and down in median length and both thresholds: a setting
that is only good by chance loses. Chosen on one half of recordings and evaluated on the other half, this gained 0.04 of
event F1 over the plain best; resampling of the recordings gained nothing.

With a model that separates its classes well, many settings are equally good. Of equal ones, the one with the fewest
false alarms is taken, then the one nearest to the middle of the grid: neither too loose nor too strict.
"""

import dataclasses
import json
import logging
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from edge.errors import SettingError
from edge.model import Card
from sed.errors import DataError
from sed.evaluation import PSDS1, TRUTH_ADVICE, RecordingResult, psds, score_recording
from sed.recipe import DecodingConfig
from sed.tuning.candidates import GRID, SettingFigures, evaluate_settings, setting_at

_log = logging.getLogger(__name__)

Values = NDArray[np.float64]

# Event F1 alone would choose settings with a few exact onsets and offsets that miss half of the sound.
_SEGMENT_WEIGHT = 0.3
_MEDIAN, _ON, _OFF, _MERGE, _SHORTEST = range(len(GRID))  # axes of the grid


@dataclass(frozen=True, kw_only=True)
class Aim:
    """The aim that settings are chosen for.

    Attributes:
        name: `event-f1`, `psds1` or `false-alarms`.
        false_alarms_per_hour: for `false-alarms`, the most of all classes together in recordings without events.
    """

    name: str
    false_alarms_per_hour: float | None = None

    @classmethod
    def parse(cls, text: str) -> "Aim":
        """Read `event-f1`, `psds1` or `false-alarms=N`.

        Raises:
            SettingError: if it is something else.
        """
        name, _, value = text.partition("=")
        try:
            if name == "false-alarms" and 0 <= float(value) < math.inf:
                return cls(name=name, false_alarms_per_hour=float(value))
        except ValueError:
            pass
        if text not in ("event-f1", "psds1"):
            raise SettingError(f"--aim {text}: expected event-f1, psds1 or false-alarms=N, N per hour")
        return cls(name=text)


def tune(card: Card, results: Sequence[RecordingResult], aim: Aim) -> dict[str, DecodingConfig]:
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
        return {label: _best(figures[label], positions.get(label)) for label in labels}
    hours = sum(one.seconds for one in quiet) / 3600
    already = sum(label in kept for one in quiet for *_, label in one.events)
    return _within_false_alarms(figures, aim.false_alarms_per_hour, hours, already)


def neighbour_mean(values: Values, axes: Sequence[int]) -> Values:
    """The mean of each value and its two neighbours along each axis in turn; an edge value is its own neighbour."""
    for axis in axes:
        padded = np.pad(values, [(1, 1) if k == axis else (0, 0) for k in range(values.ndim)], mode="edge")
        length = values.shape[axis]
        values = np.mean([padded.take(range(k, k + length), axis=axis) for k in range(3)], axis=0)
    return values


def knapsack(values: Sequence[Values], costs: Sequence[NDArray[np.int64]], capacity: int) -> list[int] | None:
    """Choose one candidate of each class, with the greatest sum of values whose costs fit the capacity; exact.

    Args:
        values: of each class `[candidates]`.
        costs: of each class `[candidates]`, not negative.
        capacity: greatest allowed sum of costs.

    Returns:
        The index of the chosen candidate of each class; None if nothing fits.
    """
    capacity = min(capacity, sum(int(cost.max()) for cost in costs))  # more could not be spent
    best = np.zeros(max(capacity + 1, 0))  # by capacity, over the classes so far
    choices = []
    for worth, cost in zip(values, costs, strict=True):
        better, choice = np.full(len(best), -np.inf), np.zeros(len(best), dtype=np.int64)
        for spent in np.unique(cost[cost <= capacity]).tolist():
            candidate = _best_at_cost(worth, cost, spent)
            totals = best[: len(best) - spent] + worth[candidate]
            rises = totals > better[spent:]
            better[spent:][rises], choice[spent:][rises] = totals[rises], candidate
        best = better
        choices.append(choice)
    if len(best) == 0 or np.isneginf(best[-1]):
        return None
    left, chosen = capacity, []
    for cost, choice in zip(reversed(costs), reversed(choices), strict=True):
        chosen.append(int(choice[left]))
        left -= int(cost[chosen[-1]])
    return chosen[::-1]


def _best_at_cost(worth: Values, cost: NDArray[np.int64], spent: int) -> int:
    """The best candidate with exactly this cost."""
    fitting = np.flatnonzero(cost == spent)
    return int(fitting[worth[fitting].argmax()])


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
    return value - 1e-9 * figures.false_alarms - _distance_penalty(GRID)


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


def _within_false_alarms(
    figures: Mapping[str, SettingFigures], per_hour: float, hours: float, already: int
) -> dict[str, DecodingConfig]:
    """The best settings with at most so many false alarms per hour, including `already` ones of other labels."""
    alarms = [one.false_alarms.ravel() for one in figures.values()]
    chosen = knapsack([_value(one).ravel() for one in figures.values()], alarms, int(per_hour * hours + 1e-9) - already)
    if chosen is None:
        least = already + sum(int(one.min()) for one in alarms)
        raise SettingError(
            f"--aim false-alarms={per_hour:g}: the strictest settings still give {least} in {hours:.2g} h; "
            f"allow false-alarms={np.ceil(least / hours):.0f}, or train with these sounds as distractors"
        )
    return {
        label: setting_at([int(k) for k in np.unravel_index(number, GRID)])
        for label, number in zip(figures, chosen, strict=True)
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
