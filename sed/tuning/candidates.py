"""Metrics of each of some thousand settings of the decoder, for one class on some recordings.

The recordings are concatenated with silence between them, each starting at a whole segment, and each setting is
computed at once for the whole track. `edge.detection.Decoder` decodes frame by frame; tests compare the two, and these
figures with the metrics.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from edge.model import Card
from sed.evaluation import (
    COLLAR_SECONDS,
    OFFSET_SHARE,
    SEGMENT_SECONDS,
    RecordingResult,
    hysteresis_spans,
    kinds_of,
    median_filtered,
    merge_and_drop,
)
from sed.recipe import DecodingConfig

Array = NDArray[Any]

# The grid of settings. `off` is a share of `on`, so that every combination is valid and has neighbours.
MEDIANS = (0.05, 0.15, 0.35, 0.65, 0.95, 1.45)
ONS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995)
OFF_SHARES = (0.15, 0.3, 0.5, 0.75, 1.0)
MERGES = (0.2, 0.5, 1.0)
SHORTESTS = (0.1, 0.2, 0.3, 0.6, 1.0, 1.2)
GRID = (len(MEDIANS), len(ONS), len(OFF_SHARES), len(MERGES), len(SHORTESTS))

_DECIMALS = 6


@dataclass(frozen=True, kw_only=True)
class SettingFigures:
    """Figures of the settings of `GRID`, each an array of the grid's shape.

    Attributes:
        event_f1: see `sed.evaluation.metrics.event_f1`.
        segment_f1: see `sed.evaluation.metrics.segment_f1`.
        recall: share of the true events that a reported one matches, as event F1 counts them.
        false_alarms: events reported in recordings without events, with one more axis: the groups of these.
    """

    event_f1: NDArray[np.float64]
    segment_f1: NDArray[np.float64]
    recall: NDArray[np.float64]
    false_alarms: NDArray[np.int32]


def setting_at(index: Sequence[int]) -> DecodingConfig:
    """The setting_at at an index of `GRID`."""
    median, on, share, merge, shortest = index
    return DecodingConfig(
        on=ONS[on],
        off=round(ONS[on] * OFF_SHARES[share], 4),
        median=MEDIANS[median],
        shortest=SHORTESTS[shortest],
        merge=MERGES[merge],
    )


def evaluate_settings(card: Card, results: Sequence[RecordingResult], label: str) -> SettingFigures:
    """Compute the figures of every setting.

    Args:
        card: of the model.
        results: of recordings whose truth is known.
        label: of the class; the truth must have an event of it.
    """
    track = _Track(card, results, label)
    figures = np.zeros((*GRID, 3))
    alarms = np.zeros((*GRID, track.groups), dtype=np.int32)
    frames = [setting_at((k, 0, 0, 0, 0)).to_frames(card.frame_seconds).median_frames for k in range(len(MEDIANS))]
    for median, length in enumerate(frames):
        smooth = median_filtered(track.scores[:, None], [length])[:, 0].astype(np.float64)  # as the decoder compares
        for on, share in itertools.product(range(len(ONS)), range(len(OFF_SHARES))):
            hysteresis = setting_at((median, on, share, 0, 0))
            found = hysteresis_spans(smooth, hysteresis.on, hysteresis.off)
            for merge, shortest in itertools.product(range(len(MERGES)), range(len(SHORTESTS))):
                index = (median, on, share, merge, shortest)
                chosen = setting_at(index).to_frames(card.frame_seconds)
                events = track.times(merge_and_drop(found, chosen.merge_frames, chosen.shortest_frames))
                figures[index], alarms[index] = track.judge(events), track.false_alarms(events)
    return SettingFigures(
        event_f1=figures[..., 0], segment_f1=figures[..., 1], recall=figures[..., 2], false_alarms=alarms
    )


class _Track:
    """Scores and truth of one class, recording after recording; recordings without events come last."""

    def __init__(self, card: Card, results: Sequence[RecordingResult], label: str) -> None:
        column = card.labels.index(label)
        kinds = kinds_of(results)
        group_of = {one.name: group for group, kind in enumerate(kinds) for one in kind.results}
        self.groups = len(kinds)
        # Longer than any gap that is merged, and than any median filter.
        silence = np.zeros(int(max(*MERGES, *MEDIANS) / card.frame_seconds) + 2, dtype=np.float32)
        scores, begins, ends, truth = [], [], [], []
        base, quiet_begins, groups = 0.0, list[float](), list[int]()
        for one in sorted(results, key=lambda one: not one.recording.truth):
            if not one.recording.truth:
                quiet_begins.append(base)
                groups.append(group_of[one.name])
            edges = np.arange(len(one.scores) + len(silence) + 1) * card.frame_samples / card.sample_rate
            edges = base + np.minimum(np.round(edges, 3), one.logged_seconds)
            scores += [one.scores[:, column], silence]
            begins.append(edges[:-1])
            ends.append(edges[1:])
            truth += [(base + on, base + off) for on, off, name in one.recording.truth or () if name == label]
            base += (int(np.ceil(one.seconds / SEGMENT_SECONDS)) + 1) * SEGMENT_SECONDS
        self.scores = np.concatenate(scores)
        self._begins, self._ends = np.concatenate(begins), np.concatenate(ends)
        self._truth = np.array(truth)
        self._collars = np.maximum(COLLAR_SECONDS, OFFSET_SHARE * (self._truth[:, 1] - self._truth[:, 0]))
        self._true_segments = _segments(self._truth, round(base / SEGMENT_SECONDS))
        self._quiet_begins, self._group_of = np.array([*quiet_begins, np.inf]), np.array(groups, dtype=np.int64)

    def times(self, found: Array) -> Array:
        """Events in frames `[events, 2]`, in seconds of the track."""
        return np.stack([self._begins[found[:, 0]], self._ends[found[:, 1] - 1]], axis=1)

    def judge(self, times: Array) -> tuple[float, float, float]:
        """Event F1, segment F1 and recall of events in seconds `[events, 2]`."""
        loud = times[times[:, 0] < self._quiet_begins[0]]
        reported = _segments(loud, len(self._true_segments))
        both, hits = np.count_nonzero(reported & self._true_segments), self._hits(loud)
        event_f1 = 2 * hits / (len(loud) + len(self._truth))
        segment_f1 = 2 * both / (np.count_nonzero(reported) + np.count_nonzero(self._true_segments))
        return event_f1, segment_f1, hits / len(self._truth)

    def false_alarms(self, times: Array) -> NDArray[np.int64]:
        """The events among those `[events, 2]` that lie in recordings without events, by group: `[groups]`."""
        quiet = times[times[:, 0] >= self._quiet_begins[0], 0]
        recordings = np.searchsorted(self._quiet_begins, quiet, side="right") - 1
        return np.bincount(self._group_of[recordings], minlength=self.groups)

    def _hits(self, times: Array) -> int:
        """Size of the largest one-to-one matching within the collars."""
        errors = np.abs(times[:, None] - self._truth)  # [events, true, onset and offset]
        close = (np.round(errors[..., 0] - COLLAR_SECONDS, _DECIMALS) <= 0) & (
            np.round(errors[..., 1] - self._collars, _DECIMALS) <= 0
        )
        if not close.any() or (close.sum(axis=0).max() == 1 and close.sum(axis=1).max() == 1):
            return int(close.sum())
        return int((maximum_bipartite_matching(csr_array(close.astype(np.int8))) >= 0).sum())


def _segments(times: Array, evaluate_settings: int) -> NDArray[np.bool_]:
    """`[segments]`: whether an event is active in each."""
    steps = np.zeros(evaluate_settings + 1, dtype=np.int64)
    np.add.at(steps, np.floor(times[:, 0] / SEGMENT_SECONDS + 1e-6).astype(int), 1)
    np.add.at(steps, np.ceil(times[:, 1] / SEGMENT_SECONDS - 1e-6).astype(int), -1)
    return np.asarray(steps.cumsum()[:-1] > 0)
