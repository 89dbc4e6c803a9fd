from pathlib import Path

import pytest

from review.errors import ReviewError
from review.store.clips import read_clips
from review.store.record import Review
from tests.review.conftest import DECODING, MakeClip


def test_clips_and_near_misses_are_read_as_they_lie_on_the_disk(tmp_path: Path, make_clip: MakeClip) -> None:
    """With the time of day of the event; a clip whose sound is gone, and any other file, is left out."""
    make_clip(at=5.0), make_clip(at=60.0, kind="near miss", score=0.4, label="rooster")
    make_clip(at=90.0).unlink()
    (tmp_path / "clips" / "other.json").write_text("{}")
    event, missed = read_clips(tmp_path / "clips")[::-1]
    assert ("porch/2026/05/01/20260501T120005.000Z_dog_60.flac", 7, DECODING) == (
        event.name,
        event.event_id,
        event.decoding,
    )
    assert ("near miss", "rooster", 0.4, None) == (missed.kind, missed.label, missed.score, missed.event_id)
    review = event.review("right", offset=1.75, picked="threshold")
    assert ("2026-05-01T12:00:05.000Z", 1.0, 1.75) == (review.onset_utc, review.true_onset, review.true_offset)
    assert review == Review.from_json(review.to_json())


def test_a_clip_without_a_time_of_day_belongs_to_its_source(tmp_path: Path, make_clip: MakeClip) -> None:
    """Which stands for the day where data is split."""
    make_clip(at=None, source="tape.wav")
    (clip,) = read_clips(tmp_path / "clips")
    assert ("tape.wav", None, 99.0) == (clip.day, clip.review("wrong").onset_utc, clip.begin_seconds)


def test_a_folder_that_is_missing_is_said(tmp_path: Path) -> None:
    """With what was expected."""
    with pytest.raises(ReviewError, match=r"No such file or directory; give a folder that sed-stream --clips"):
        read_clips(tmp_path / "missing")
