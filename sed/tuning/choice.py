"""Decoder settings chosen on validation recordings, class by class, for a stated aim.

Ten minutes of validation hold a dozen events of a class, and a single one of them would flip the choice. So a setting
is valued by the mean over its neighbours, one step up and down in median length and both thresholds: what is good only
on a knife's edge loses. Chosen on one half of recordings and measured on the other half, that gained 0.04 of event F1
over the plain best, where resampling of the recordings gained nothing.

A model that tells its sounds clearly does as well by many settings. Of equals the one with the fewest false alarms is
taken, then the one nearest to the middle of what is tried: neither as loose nor as strict as can be.
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
from sed.evaluation import PSDS1, TRUTH_WANTED, Heard, psds, scored
from sed.recipe import DecodingConfig
from sed.tuning.candidates import GRID, Counts, count, setting

_log = logging.getLogger(__name__)

Values = NDArray[np.float64]

# Event F1 alone would take settings that hit a few borders well and miss half of the sound.
_SEGMENT_WEIGHT = 0.3
_MEDIAN, _ON, _OFF, _MERGE, _SHORTEST = range(len(GRID))  # its axes


@dataclass(frozen=True, kw_only=True)
class Aim:
    """What settings are chosen for.

    Attributes:
        name: `event-f1`, `psds1` or `false-alarms`.
        false_alarms_per_hour: most that all classes together may give in recordings without events, for the last.
    """

    name: str
    false_alarms_per_hour: float | None = None

    @classmethod
    def parse(cls, text: str) -> "Aim":
        """Read `event-f1`, `psds1` or `false-alarms=N`.

        Raises:
            SettingError: for anything else.
        """
        name, _, value = text.partition("=")
        try:
            if name == "false-alarms" and 0 <= float(value) < math.inf:
                return cls(name=name, false_alarms_per_hour=float(value))
        except ValueError:
            pass
        if text not in ("event-f1", "psds1"):
            raise SettingError(f"--aim {text}: expected event-f1, psds1 or false-alarms=N, N of them an hour")
        return cls(name=text)


def tune(card: Card, heard: Sequence[Heard], aim: Aim) -> dict[str, DecodingConfig]:
    """Choose settings for each class that the truth holds.

    Args:
        card: of the model, with the settings that it has now.
        heard: what `sed.evaluation.judging.listen_to` returned.
        aim: what to choose for.

    Raises:
        DataError: if no recording holds an event, or none is free of them and false alarms are to be counted.
        SettingError: if not even the strictest settings give so few false alarms.
    """
    placed = [one for one in heard if one.recording.truth is not None]
    present = {label for one in placed for *_, label in one.recording.truth or ()}
    labels = [label for label in card.labels if label in present]
    quiet = [one for one in placed if not one.recording.truth]
    if not labels:
        raise DataError(f"no recording holds an event whose borders are known; {TRUTH_WANTED}")
    if aim.false_alarms_per_hour is not None and not quiet:
        raise DataError("no recording is free of events, so false alarms cannot be counted; give one more --data")
    kept = [label for label in card.labels if label not in present]
    if kept:
        _log.warning("no recording holds %s: settings stay as they are", ", ".join(kept))
    bar = tqdm(labels, desc="tuning", unit="class", disable=None)
    counts = {label: count(card, placed, label) for label in bar}
    deaf = [label for label, one in counts.items() if not one.event_f1.any() and not one.segment_f1.any()]
    if deaf:
        _log.warning("no setting finds any %s: what is chosen for it is a guess", " or ".join(deaf))
    if aim.false_alarms_per_hour is None:
        places = _most_area(card, placed, labels) if aim.name == "psds1" else {}
        return {label: _best(counts[label], places.get(label)) for label in labels}
    hours = sum(one.seconds for one in quiet) / 3600
    already = sum(label in kept for one in quiet for *_, label in one.events)
    return _within(counts, aim.false_alarms_per_hour, hours, already)


def steadied(values: Values, axes: Sequence[int]) -> Values:
    """The mean of each value and its two neighbours along each axis in turn; an end is its own neighbour."""
    for axis in axes:
        padded = np.pad(values, [(1, 1) if k == axis else (0, 0) for k in range(values.ndim)], mode="edge")
        length = values.shape[axis]
        values = np.mean([padded.take(range(k, k + length), axis=axis) for k in range(3)], axis=0)
    return values


def knapsack(values: Sequence[Values], costs: Sequence[NDArray[np.int64]], capacity: int) -> list[int] | None:
    """Choose one candidate of each class: the greatest sum of values whose costs fit the capacity, exactly.

    Args:
        values: of each class `[candidates]`.
        costs: of each class `[candidates]`, not negative.
        capacity: greatest sum of the chosen costs.

    Returns:
        The number of the candidate chosen in each class; None if nothing fits.
    """
    capacity = min(capacity, sum(int(cost.max()) for cost in costs))  # more could not be spent
    best = np.zeros(max(capacity + 1, 0))  # by capacity, over the classes so far
    choices = []
    for worth, cost in zip(values, costs, strict=True):
        better, choice = np.full(len(best), -np.inf), np.zeros(len(best), dtype=np.int64)
        for spent in np.unique(cost[cost <= capacity]).tolist():
            candidate = _cheap_best(worth, cost, spent)
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


def _cheap_best(worth: Values, cost: NDArray[np.int64], spent: int) -> int:
    """The best candidate that costs just so much."""
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


def _value(counts: Counts) -> Values:
    value = steadied(counts.event_f1 + _SEGMENT_WEIGHT * counts.segment_f1, (_MEDIAN, _ON, _OFF))
    return value - 1e-9 * counts.false_alarms - _off_centre(GRID)


def _off_centre(sizes: Sequence[int]) -> Values:
    """Less than anything that is measured, and the more, the farther from the middle of a grid of these sizes."""
    steps = np.indices(sizes) - (np.array(sizes).reshape(-1, *[1] * len(sizes)) - 1) / 2
    return 1e-12 * np.abs(steps).sum(axis=0)


def _best(counts: Counts, place: tuple[int, ...] | None) -> DecodingConfig:
    """The best setting, or the best `on` at a place of the grid."""
    values = _value(counts)
    if place is None:
        return setting([int(k) for k in np.unravel_index(values.argmax(), GRID)])
    along_on = tuple(slice(None) if axis == _ON else k for axis, k in enumerate(place))
    return setting(_moved(place, (_ON,), (int(values[along_on].argmax()),)))


def _within(counts: Mapping[str, Counts], per_hour: float, hours: float, already: int) -> dict[str, DecodingConfig]:
    """The best settings with so few false alarms an hour, those `already` among them that other labels give."""
    alarms = [one.false_alarms.ravel() for one in counts.values()]
    chosen = knapsack([_value(one).ravel() for one in counts.values()], alarms, int(per_hour * hours + 1e-9) - already)
    if chosen is None:
        least = already + sum(int(one.min()) for one in alarms)
        raise SettingError(
            f"--aim false-alarms={per_hour:g}: the strictest settings still give {least} in {hours:.2g} h; "
            f"allow false-alarms={np.ceil(least / hours):.0f}, or train against these sounds"
        )
    return {
        label: setting([int(k) for k in np.unravel_index(number, GRID)])
        for label, number in zip(counts, chosen, strict=True)
    }


def _most_area(card: Card, heard: Sequence[Heard], labels: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Where in `GRID` each class has most area under its PSDS1 curve, which sweeps `on`.

    Median and off are searched together, then with the best of them gap and shortest event.
    """
    best = dict.fromkeys(labels, (0,) * len(GRID))
    for axes in ((_MEDIAN, _OFF), (_MERGE, _SHORTEST)):
        sizes = tuple(GRID[axis] for axis in axes)
        areas = np.zeros((len(labels), *sizes))
        for places in tqdm(list(np.ndindex(sizes)), desc="curves", unit="setting", disable=None):
            tried = {label: _moved(index, axes, places) for label, index in best.items()}
            decoding = {label: setting(index).to_frames(card.frame_seconds) for label, index in tried.items()}
            at = dataclasses.replace(card, decoding={**card.decoding, **decoding})
            by_label = psds({one.name: scored(at, one) for one in heard}, card.labels, PSDS1).by_label
            areas[(slice(None), *places)] = [by_label[label] for label in labels]
        for label, area in zip(labels, steadied(areas, (1, 2)), strict=True):
            places = tuple(int(k) for k in np.unravel_index((area - _off_centre(sizes)).argmax(), sizes))
            best[label] = _moved(best[label], axes, places)
    return best


def _moved(index: tuple[int, ...], axes: Sequence[int], places: Sequence[int]) -> tuple[int, ...]:
    changed = dict(zip(axes, places, strict=True))
    return tuple(changed.get(axis, place) for axis, place in enumerate(index))
