"""Why something was not reported at a moment, in words.

The decoder itself is asked: it gets the scores around the moment with its settings, then without the shortest length,
then without the median. The first with which it finds an event there names the cause.
"""

import dataclasses
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.detection import Decoder
from edge.model import ClassDecoding
from edge.outputs.web.page.history import Frames

AROUND_SECONDS = 20.0  # of scores, on both sides of a moment
_NEAR_SECONDS = 0.5  # from a moment, that counts as the moment


class Verdict(NamedTuple):
    """What became of one label at a moment.

    Attributes:
        label: of the event that might have been.
        peak: greatest score near the moment.
        smoothed: greatest one after the median.
        seconds: for how long the score stayed at half of its peak or more.
        cause: `reported`, `open`, `shortest`, `median` or `threshold`.
        text: for people.
    """

    label: str
    peak: float
    smoothed: float
    seconds: float
    cause: str
    text: str


def explain(label: str, column: int, settings: ClassDecoding, frames: Frames, at: int, frame_seconds: float) -> Verdict:
    """Say what became of a label.

    Args:
        label: of the event.
        column: of the scores.
        settings: of the decoder.
        frames: around the moment.
        at: frame of the moment, one of these.
        frame_seconds: length of a frame.
    """
    scores = np.where(frames.lost, np.float32(0.0), frames.scores[:, column])
    near = max(1, round(_NEAR_SECONDS / frame_seconds))
    begin, end = max(0, at - near - frames.first_frame), at + near + 1 - frames.first_frame
    peak_at = begin + int(np.argmax(scores[begin:end]))
    peak, length = float(scores[peak_at]), _length(scores, peak_at)
    smooth = _medians(scores, settings.median_frames)
    span, cause = _cause(scores, frames.lost, settings, (begin, end))
    smoothed, seconds = float(smooth[begin:end].max()), length * frame_seconds
    held = seconds if span is None else (span[1] - span[0]) * frame_seconds
    text = _text(cause, settings, peak, smoothed, held, frame_seconds)
    return Verdict(label, peak, smoothed, held, cause, text)


def _cause(
    scores: NDArray[np.float32], lost: NDArray[np.bool_], settings: ClassDecoding, near: tuple[int, int]
) -> tuple[tuple[int, int] | None, str]:
    """The event that there would be near the moment, and what it was lost to; no event if it is the threshold."""
    for cause, changed in (
        ("reported", settings),
        ("shortest", dataclasses.replace(settings, shortest_frames=1)),
        ("median", dataclasses.replace(settings, shortest_frames=1, median_frames=1)),
    ):
        decoder = Decoder(["one"], {"one": changed})
        events = decoder.push(scores[:, None], lost) + decoder.flush()
        for event in events:
            if event.onset_frame < near[1] and near[0] < event.offset_frame:
                is_open = cause == "reported" and event.closed_by == "end"
                return (event.onset_frame, event.offset_frame), "open" if is_open else cause
    return None, "threshold"


def _length(scores: NDArray[np.float32], peak_at: int) -> int:
    """Frames around a peak in which the score is at least half of it."""
    below = np.flatnonzero(scores < scores[peak_at] / 2)
    before, after = below[below < peak_at], below[below > peak_at]
    first = int(before[-1]) + 1 if len(before) else 0
    return (int(after[0]) if len(after) else len(scores)) - first


def _medians(scores: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(scores, length // 2), length)
    medians: NDArray[np.float32] = np.median(windows, axis=1)
    return medians


def _text(
    cause: str, settings: ClassDecoding, peak: float, smoothed: float, seconds: float, frame_seconds: float
) -> str:
    shortest = f"shortest event {settings.shortest_frames * frame_seconds:.2f} s"
    median = f"median of {settings.median_frames} frames ({settings.median_frames * frame_seconds:.2f} s)"
    reached = f"reached {peak:.2f} for {seconds:.2f} s"
    match cause:
        case "reported":
            return f"{reached}: long and high enough for an event"
        case "open":
            return f"has lasted {seconds:.2f} s and is not over: its event is written when it can no longer change"
        case "shortest":
            return f"reached {peak:.2f} and lasted {seconds:.2f} s; {shortest}"
        case "median":
            return f"{reached}; the {median} left {smoothed:.2f}; on threshold {settings.on:g}"
        case _:
            return f"{reached}; on threshold {settings.on:g}; {shortest}"
