from pathlib import Path

from adapt.examples import read_examples
from edge.model.inference import Model
from review.store import RIGHT, ReviewFile, read_clips
from tests.review.conftest import save_clip


def test_events_and_near_misses_of_one_time_are_held_out_together(model: Model, tmp_path: Path) -> None:
    """Where the time of day is not known, too: a sound that was fitted to does not judge the fit."""
    for second in range(8):
        for kind in ("event", "near miss"):
            save_clip(tmp_path, at=None, onset=10.0 * second, kind=kind)
    reviews = ReviewFile(tmp_path)
    clips = read_clips(tmp_path)
    for clip in clips:
        reviews.append(clip.review(RIGHT))
    begins = {clip.name: clip.begin_seconds for clip in clips}
    groups = {(begins[one.clip], one.group) for one in read_examples(model, [tmp_path])}
    assert {(10.0 * second - 1.0, f"block {1 + second}") for second in range(8)} == groups
