import logging
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from review.errors import ReviewError
from review.store.clips import read_clips
from review.store.review_file import ReviewFile, newest_reviews, read_reviews
from tests.review.conftest import MakeClip

WRITER = """
import sys
from pathlib import Path
from review.store import ReviewFile, read_clips
folder = Path(sys.argv[1])
reviews, (clip,) = ReviewFile(folder), read_clips(folder)
while True:
    reviews.append(clip.review("wrong", reviewer=sys.argv[2]))
    print(len(reviews.read()), flush=True)
"""


def test_a_killed_writer_loses_nothing_beside_another(tmp_path: Path, make_clip: MakeClip) -> None:
    """What it said to have written is in the file, and so is all that another wrote at the same time."""
    make_clip()
    folder = tmp_path / "clips"
    command = [sys.executable, "-c", WRITER, str(folder)]
    writers = [subprocess.Popen([*command, name], stdout=subprocess.PIPE, text=True) for name in ("ann", "bob")]
    for writer in writers:
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(20)]
        assert lines[-1].strip().isdecimal()
    for writer in writers:
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
    reviews = read_reviews(folder)
    assert all(sum(review.reviewer == name for review in reviews) >= 20 for name in ("ann", "bob"))


@pytest.mark.parametrize("torn", ['{"schema": "sed-edge-rev', '{"schema": "sed-edge-review/1", "clip": "porch/20'])
@pytest.mark.parametrize("before", [0, 2])
def test_a_torn_last_line_is_mended_by_the_next_review(
    tmp_path: Path, make_clip: MakeClip, caplog: pytest.LogCaptureFixture, torn: str, before: int
) -> None:
    """Whole lines before it stay, and a warning says so."""
    make_clip()
    folder = tmp_path / "clips"
    (clip,) = read_clips(folder)
    reviews = [clip.review(verdict) for verdict in ("right", "unsure")]
    (folder / "reviews.jsonl").write_text("".join(f"{one.to_json()}\n" for one in reviews[:before]) + torn)
    assert reviews[:before] == read_reviews(folder)
    file, review = ReviewFile(folder), clip.review("wrong")
    with caplog.at_level(logging.WARNING):
        file.append(review)
    assert [*reviews[:before], review] == file.read() == read_reviews(folder)
    assert "cut off" in caplog.text


def test_the_newest_review_of_a_clip_counts_unless_it_is_withdrawn(tmp_path: Path, make_clip: MakeClip) -> None:
    """Two clips: one is decided anew, one is open again."""
    make_clip(at=0.0), make_clip(at=9.0)
    first, second = read_clips(tmp_path / "clips")
    said = [first.review("wrong"), second.review("right"), first.review("right"), second.review("withdrawn")]
    assert {first.name: said[2]} == newest_reviews(said)


@pytest.mark.parametrize("other", ["hello", '{"type": "start", "source": "porch"}\n', '[{"a": 1}]', "\n"])
def test_a_file_of_something_else_is_not_written_to(tmp_path: Path, make_clip: MakeClip, other: str) -> None:
    """It is named, and stays as it was."""
    make_clip()
    (tmp_path / "clips" / "reviews.jsonl").write_text(other)
    with pytest.raises(ReviewError, match=r"reviews\.jsonl: holds no reviews of sed-review"):
        ReviewFile(tmp_path / "clips")
    with pytest.raises(ReviewError, match="move it away"):
        read_reviews(tmp_path / "clips")
    assert other == (tmp_path / "clips" / "reviews.jsonl").read_text()
