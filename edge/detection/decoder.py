"""Frame scores -> events: median filter, hysteresis, merging over short gaps, shortest event.

    scores    .1 .2 .9 .1 .8 .9 .9 .2 .1 .1 ...
    median    .1 .2 .2 .8 .8 .9 .9 .2 .1 .1     delayed by half of its length
    state      .  .  .  ^  -  -  -  v  .  .     begins at >= on, ends at < off
    merge                             (waits)   until the next segment would be too late to merge
    event               [3 ......... 7)

A lost frame counts as 0 after the median filter, so an event spans at most `merge_frames` of them.

The runtime and the evaluation of training share this decoder; offline decoding is `push(all)` and `flush()`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from edge.detection.events import Event, Onset
from edge.model import ClassDecoding


@dataclass
class _ClassState:
    """State of one class. Frames count from the beginning of the source."""

    open_since: int | None = None  # onset of the segment that is on now
    held: tuple[int, int] | None = None  # ended segments, merged, that the next one may still be merged with
    peak: float = 0.0  # of the held and the open segment
    onset_reported: bool = False

    @property
    def idle(self) -> bool:
        return self.open_since is None and self.held is None


class Decoder:
    """Turns frame scores of one source into events.

    Before the beginning and after the end of a source, scores count as 0.

    Args:
        labels: event labels, in the order of the score columns.
        decoding: label -> settings.
        report: labels to report; all of them if None.

    Attributes:
        labels: the reported ones.
        decoding: their settings.
        onsets: those that became certain in the last push or flush: their events will be reported. Each appears once.
    """

    def __init__(
        self, labels: Sequence[str], decoding: Mapping[str, ClassDecoding], report: Sequence[str] | None = None
    ) -> None:
        kept = labels if report is None else report
        self._columns = [(column, label, decoding[label]) for column, label in enumerate(labels) if label in kept]
        self.labels = [label for _, label, _ in self._columns]
        self.decoding = {label: settings for _, label, settings in self._columns}
        self.onsets: list[Onset] = []
        self._classes = len(labels)
        self._longest = max(settings.median_frames for _, _, settings in self._columns)
        self.reset()

    def reset(self, first_frame: int = 0) -> None:
        """Forget all frames; the next one has the number `first_frame`."""
        self._first = first_frame
        self._seen = first_frame  # the number of the next frame
        self._recent = np.zeros((self._longest - 1, self._classes), dtype=np.float32)
        self._recently_lost = np.zeros(self._longest - 1, dtype=bool)
        self._states = [_ClassState() for _ in self._columns]

    def push(self, scores: NDArray[np.float32], lost: NDArray[np.bool_] | None = None) -> list[Event]:
        """Take the next frames.

        Args:
            scores: `[frames, classes]`, probabilities.
            lost: `[frames]`, True where the sound was lost; None if nowhere.

        Returns:
            Events that can no longer change, by onset.
        """
        assert scores.ndim == 2 and scores.shape[1] == self._classes, scores.shape
        lost = np.zeros(len(scores), dtype=bool) if lost is None else lost
        assert lost.shape == (len(scores),), lost.shape
        self.onsets = []
        return _sorted(self._decode(scores, lost, end=self._seen + len(scores)))

    def flush(self, closed_by: str = "end") -> list[Event]:
        """End the source: return the events that are open (marked with `closed_by`) or held; then reset."""
        end, rest = self._seen, self._longest // 2
        self.onsets = []
        events = self._decode(np.zeros((rest, self._classes), dtype=np.float32), np.zeros(rest, dtype=bool), end)
        for (_, label, settings), state in zip(self._columns, self._states, strict=True):
            reason = "silence" if state.open_since is None else closed_by
            _hold(state, end)
            events += _release(state, label, settings, reason)
        self.reset()
        return _sorted(events)

    def _decode(self, scores: NDArray[np.float32], lost: NDArray[np.bool_], end: int) -> list[Event]:
        events: list[Event] = []
        if len(scores) == 0:
            return events
        recent = np.concatenate([self._recent, scores])
        recently_lost = np.concatenate([self._recently_lost, lost])
        highest = recent.max(axis=0).tolist()  # of all classes at once: a model may have hundreds
        for (column, label, settings), state in zip(self._columns, self._states, strict=True):
            if state.idle and highest[column] < settings.on:
                continue  # the median is at most the maximum: no event can begin
            length = settings.median_frames
            window = recent[len(recent) - len(scores) - length + 1 :, column]
            middle = length // 2  # of a sorted window, the median: `np.median` takes thrice as long for it
            smooth = np.partition(sliding_window_view(window, length), middle, axis=1)[:, middle]
            first = len(recent) - len(scores) - middle
            smooth[recently_lost[first : first + len(scores)]] = 0.0
            for frame, score in enumerate(smooth.tolist(), start=self._seen - middle):
                if self._first <= frame < end:
                    events += _advance(state, frame, score, label, settings)
                    if _is_certain(state, frame, settings):
                        state.onset_reported = True
                        self.onsets.append(Onset(label=label, onset_frame=_onset(state)))
        self._seen += len(scores)
        self._recent = recent[len(recent) - len(self._recent) :]
        self._recently_lost = recently_lost[len(recent) - len(self._recent) :]
        return events


def _sorted(events: list[Event]) -> list[Event]:
    return sorted(events, key=lambda event: (event.onset_frame, event.offset_frame, event.label))


def _advance(state: _ClassState, frame: int, smooth: float, label: str, settings: ClassDecoding) -> list[Event]:
    if state.open_since is None and smooth >= settings.on:
        state.open_since = frame
    elif smooth < settings.off:
        _hold(state, frame)
    if state.open_since is not None:
        state.peak = max(state.peak, smooth)
    elif state.held is not None and frame - state.held[1] >= settings.merge_frames:
        return _release(state, label, settings, "silence")
    return []


def _onset(state: _ClassState) -> int:
    """First frame of the event that the open segment belongs to."""
    assert state.open_since is not None
    return state.open_since if state.held is None else state.held[0]


def _is_certain(state: _ClassState, frame: int, settings: ClassDecoding) -> bool:
    """Whether the open event is long enough to be reported, and its onset has not been reported yet."""
    if state.onset_reported or state.open_since is None:
        return False
    return frame + 1 - _onset(state) >= settings.shortest_frames


def _hold(state: _ClassState, end: int) -> None:
    """End the open segment, if any, before frame `end`, and merge it with the held one."""
    if state.open_since is None:
        return
    state.held, state.open_since = (_onset(state), end), None


def _release(state: _ClassState, label: str, settings: ClassDecoding, closed_by: str) -> list[Event]:
    if state.held is None:
        return []
    onset, offset = state.held
    peak, state.held, state.peak, state.onset_reported = state.peak, None, 0.0, False
    if offset - onset < settings.shortest_frames:
        return []
    return [Event(label=label, onset_frame=onset, offset_frame=offset, confidence=peak, closed_by=closed_by)]
