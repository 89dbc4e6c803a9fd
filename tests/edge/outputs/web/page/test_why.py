"""Why something was not reported."""

import numpy as np
import pytest

from edge.model.card import ClassDecoding
from edge.outputs.web.page.history import Frames
from edge.outputs.web.page.why import explain

SETTINGS = ClassDecoding(on=0.7, off=0.5, median_frames=5, shortest_frames=8, merge_frames=2)


@pytest.mark.parametrize(
    ("piece", "cause", "text"),
    [
        ([0.61] * 4, "threshold", "reached 0.61 for 0.20 s; on threshold 0.7; shortest event 0.40 s"),
        (
            [0.93] * 2,
            "median",
            "reached 0.93 for 0.10 s; the median of 5 frames (0.25 s) left 0.00; on threshold 0.7",
        ),
        ([0.93] * 5, "shortest", "reached 0.93 and lasted 0.25 s; shortest event 0.40 s"),
        ([0.93] * 12, "reported", "reached 0.93 for 0.60 s: long and high enough for an event"),
        ([0.93] * 60, "open", "has lasted 3.00 s and is not over: its event is written when it can no longer change"),
    ],
)
def test_the_decoder_s_own_reason_is_said(piece: list[float], cause: str, text: str) -> None:
    """One of each kind."""
    scores = np.zeros((100, 2), dtype=np.float32)
    scores[40 : 40 + len(piece), 1] = piece
    frames = Frames(1_000, scores, np.zeros(100, dtype=bool))
    verdict = explain("bark", 1, SETTINGS, frames, 1_041, 0.05)
    assert ("bark", cause, text) == (verdict.label, verdict.cause, verdict.text)


def test_what_was_lost_is_no_score() -> None:
    """The decoder takes it as silence, and so does the answer."""
    frames = Frames(0, np.full((40, 1), 0.9, dtype=np.float32), np.ones(40, dtype=bool))
    assert (0.0, "threshold") == explain("bark", 0, SETTINGS, frames, 20, 0.05)[1::3][:2]
