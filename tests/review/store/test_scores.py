from pathlib import Path

import numpy as np
import pytest

from edge.detection.event_stream import FrameScores
from edge.errors import SourceError
from edge.log.scores.files import load_score_files
from edge.log.scores.sink import DecoderInput, ScoreSink
from review.store.clips import read_clips
from review.store.scores import KeptScores
from tests.review.conftest import MakeClip


def test_scores_have_the_time_of_the_clip(tmp_path: Path, make_clip: MakeClip, kept_scores: Path) -> None:
    """They are read over the border of two files, and a lost frame has none."""
    make_clip()
    (clip,) = read_clips(tmp_path / "clips")
    found = KeptScores([kept_scores]).of(clip)
    assert found is not None
    np.testing.assert_allclose(np.arange(60) * 0.05 + 0.025, found.seconds, atol=1e-6)
    assert (["dog", "rooster"], 0.5, 0.3) == ([one.label for one in found.ribbons], *found.ribbons[0][1:3])
    expected = np.where(np.arange(180, 240) == 190, np.nan, np.arange(180, 240) / 1000)
    np.testing.assert_allclose(expected, found.ribbons[0].scores, atol=1e-6)


@pytest.mark.parametrize("given", [{"day": 2}, {"source": "barn"}, {"at": None}, {"label": "fox"}], ids=str)
def test_scores_of_something_else_are_not_shown(
    tmp_path: Path, make_clip: MakeClip, kept_scores: Path, given: dict[str, object]
) -> None:
    """Of another day or source, of a clip without a time of day, of a label that the model does not have."""
    make_clip(**given)
    (clip,) = read_clips(tmp_path / "clips")
    assert None is KeptScores([kept_scores]).of(clip)


def test_without_a_time_of_day_the_last_run_counts(tmp_path: Path, make_clip: MakeClip, kept_scores: Path) -> None:
    """Each run of a file counts seconds from its beginning; files that come later are found."""
    make_clip(at=None)
    (clip,) = read_clips(tmp_path / "clips")
    content = next(load_score_files(kept_scores))
    path, kept = tmp_path / "runs.npz", None
    for level in (0.25, 0.75):
        sink = ScoreSink(path, content.card)
        scores = np.full((2200, len(content.card.labels)), level, dtype=np.float32)
        pushed = [FrameScores(0, scores, np.zeros(2200, dtype=bool))]
        sink.take("porch", DecoderInput(pushed, "end", 800 * 2200, None))
        sink.close()
        kept = KeptScores([path]) if kept is None else kept
        kept.find_files()
        found = kept.of(clip)
        assert found is not None
        assert (60, {level}) == (len(found.seconds), set(found.ribbons[0].scores.tolist()))


def test_files_that_are_not_there_are_an_error(tmp_path: Path) -> None:
    """Before a clip is shown."""
    with pytest.raises(SourceError, match="no such scores"):
        KeptScores([tmp_path / "none.npz"])
