import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from review.store.clips import read_clips
from review.store.record import Review
from tests.review.conftest import MakeClip


@pytest.mark.parametrize(
    "wrong",
    [
        {"clip": "../../etc/passwd"},
        {"clip": "/etc/passwd"},
        {"verdict": "maybe"},
        {"score": "0.5"},
        {"onset": 3.0},
        {"true_label": None},
        {"true_label": "cat"},
        {"true_label": "a\tb"},
        {"true_offset": float("inf")},
        {"onset_utc": "yesterday"},
        {"decoding": {"on": 0.5}},
        {"verdict": "wrong"},
        {"schema": "sed-edge-clip/1"},
    ],
    ids=str,
)
def test_a_line_that_is_no_review_is_refused(tmp_path: Path, make_clip: MakeClip, wrong: dict[str, Any]) -> None:
    """Whatever wrote it: paths stay in the folder, and who reads reviews need not check them."""
    make_clip()
    review = read_clips(tmp_path / "clips")[0].review("right")
    with pytest.raises(ValueError, match=r"is |says |isoformat|no review"):
        Review.from_json(json.dumps(json.loads(review.to_json()) | wrong))
    assert review == Review.from_json(json.dumps(json.loads(review.to_json()) | {"of_later_times": 1}))
    assert {field.name for field in dataclasses.fields(Review)} | {"schema"} == set(json.loads(review.to_json()))
