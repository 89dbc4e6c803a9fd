from pathlib import Path

import numpy as np
import pytest

from sed.evaluation.inference import RecordingResult
from sed.evaluation.kinds import false_alarm_rate, kinds_of, near_kinds
from sed.evaluation.recordings import Recording


def quiet(name: str, kind: str, *labels: str, clip_scores: tuple[float, float] = (0.0, 0.0)) -> RecordingResult:
    """Six minutes without events, in which these labels were reported."""
    return RecordingResult(
        recording=Recording(path=Path(name), truth=(), labels=(), kind=kind),
        scores=np.zeros((0, 2), dtype=np.float32),
        clip_scores=np.array(clip_scores, dtype=np.float32),
        events=tuple((1.0, 2.0, label) for label in labels),
        seconds=360.0,
    )


RESULTS = [
    quiet("1.wav", "siren", "dog", "dog", clip_scores=(0.9, 0.5)),
    quiet("2.wav", "siren", clip_scores=(0.4, 0.8)),
    quiet("3.wav", "wind", "rooster", clip_scores=(0.1, 0.2)),
    quiet("4.wav", ""),
]


def test_recordings_are_grouped_by_kind() -> None:
    """One whose kind is not known counts by itself; those with events are left out."""
    kinds = kinds_of(RESULTS)
    assert [("4.wav", False), ("siren", True), ("wind", True)] == [(kind.name, kind.known) for kind in kinds]
    assert [{}, {"dog": 2}, {"rooster": 1}] == [kind.alarms for kind in kinds]
    assert [0.1, 0.2, 0.1] == pytest.approx([kind.hours for kind in kinds])


def test_a_rate_says_what_it_was_counted_on() -> None:
    """Kinds if all are known."""
    assert "7.5 an hour on 3 recordings, too few to say what others give" == str(false_alarm_rate(kinds_of(RESULTS)))
    assert "10 an hour on 2 kinds of sound, too few" in str(false_alarm_rate(kinds_of(RESULTS[:3])))
    assert None is false_alarm_rate([])


def test_near_kinds_are_those_taken_for_a_class() -> None:
    """By the share of their recordings; a class may have none."""
    near = near_kinds(kinds_of(RESULTS), ("dog", "rooster"))
    assert {"dog": [("siren", 0.5)], "rooster": [("siren", 1.0)]} == near
    assert {"dog": [], "rooster": []} == near_kinds(kinds_of(RESULTS[2:]), ("dog", "rooster"))
