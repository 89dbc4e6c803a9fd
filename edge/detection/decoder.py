"""Scores in, events out: median filter, hysteresis, merging of near pieces, shortest event.

    scores    .1 .2 .9 .1 .8 .9 .9 .2 .1 .1 ...
    median    .1 .2 .2 .8 .8 .9 .9 .2 .1 .1     late by half of its length
    state      .  .  .  ^  -  -  -  v  .  .     on at >= on, off at < off
    merge                             (waits)   until no piece can be close enough to join
    event               [3 ......... 7)

A frame that nobody heard counts as 0 after the median: no event bridges more of them than its gap to merge.

Training's evaluation and the device use this one decoder; offline is `push(all)` and `flush()`.
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
    """What the decoder remembers of one class. Frames count from the beginning of the source."""

    open_since: int | None = None  # onset of the piece that is on now
    held: tuple[int, int] | None = None  # pieces heard so far, which a next one may join
    peak: float = 0.0  # of the event made of the held and the open pieces
    told: bool = False  # whether that event's onset has been

    @property
    def idle(self) -> bool:
        return self.open_since is None and self.held is None


class Decoder:
    """Turns frame scores of one source into events.

    Beyond both ends of a source the scores are taken to be 0.

    Args:
        labels: event labels, in the order of the score columns.
        decoding: label -> settings.
        report: labels to report; all of them if None.

    Attributes:
        labels: those reported.
        onsets: of the events that the last push or flush made certain: they will be reported. Each is told once.
    """

    def __init__(
        self, labels: Sequence[str], decoding: Mapping[str, ClassDecoding], report: Sequence[str] | None = None
    ) -> None:
        kept = labels if report is None else report
        self._columns = [(column, label, decoding[label]) for column, label in enumerate(labels) if label in kept]
        self.labels = [label for _, label, _ in self._columns]
        self.onsets: list[Onset] = []
        self._classes = len(labels)
        self._longest = max(settings.median_frames for _, _, settings in self._columns)
        self.reset()

    def reset(self, first_frame: int = 0) -> None:
        """Forget everything; the next frame has that number."""
        self._first = first_frame
        self._seen = first_frame  # the number of the next frame
        self._recent = np.zeros((self._longest - 1, self._classes), dtype=np.float32)
        self._recently_lost = np.zeros(self._longest - 1, dtype=bool)
        self._states = [_ClassState() for _ in self._columns]

    def push(self, scores: NDArray[np.float32], lost: NDArray[np.bool_] | None = None) -> list[Event]:
        """Take the next frames.

        Args:
            scores: `[frames, classes]`, probabilities.
            lost: `[frames]`, True where nobody heard anything; nowhere if None.

        Returns:
            Events that can no longer change, by onset.
        """
        assert scores.ndim == 2 and scores.shape[1] == self._classes, scores.shape
        lost = np.zeros(len(scores), dtype=bool) if lost is None else lost
        assert lost.shape == (len(scores),), lost.shape
        self.onsets = []
        return _sorted(self._decode(scores, lost, end=self._seen + len(scores)))

    def flush(self, closed_by: str = "end") -> list[Event]:
        """End the source: return what is still open, closed by that, or held; then reset."""
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
        for (column, label, settings), state in zip(self._columns, self._states, strict=True):
            length = settings.median_frames
            window = recent[len(recent) - len(scores) - length + 1 :, column]
            if state.idle and float(window.max()) < settings.on:
                continue  # a median is no more than the largest: nothing can begin
            smooth = np.median(sliding_window_view(window, length), axis=1)
            middle = len(recent) - len(scores) - length // 2
            smooth[recently_lost[middle : middle + len(scores)]] = 0.0
            for frame, score in enumerate(smooth.tolist(), start=self._seen - length // 2):
                if self._first <= frame < end:
                    events += _advance(state, frame, score, label, settings)
                    if _is_certain(state, frame, settings):
                        state.told = True
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
    """Where the event begins that the open piece belongs to."""
    assert state.open_since is not None
    return state.open_since if state.held is None else state.held[0]


def _is_certain(state: _ClassState, frame: int, settings: ClassDecoding) -> bool:
    """Whether the event that is open in this frame will be reported, and nobody has been told yet."""
    if state.told or state.open_since is None:
        return False
    return frame + 1 - _onset(state) >= settings.shortest_frames


def _hold(state: _ClassState, end: int) -> None:
    """Close the open piece, if any, before frame `end`, joined with what is held."""
    if state.open_since is None:
        return
    state.held, state.open_since = (_onset(state), end), None


def _release(state: _ClassState, label: str, settings: ClassDecoding, closed_by: str) -> list[Event]:
    if state.held is None:
        return []
    onset, offset = state.held
    peak, state.held, state.peak, state.told = state.peak, None, 0.0, False
    if offset - onset < settings.shortest_frames:
        return []
    return [Event(label=label, onset_frame=onset, offset_frame=offset, confidence=peak, closed_by=closed_by)]
