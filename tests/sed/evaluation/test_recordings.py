from pathlib import Path

import pytest
import soundfile

from sed.data.corpus import load_corpus
from sed.errors import DataError
from sed.evaluation.recordings import read_recordings
from sed.recipe.training_config import DataConfig
from tests.conftest import DEMO
from tests.sed.cuts import write_cut


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The demo recording with its truth, and 5 s of silence without."""
    (tmp_path / "demo.ogg").write_bytes(DEMO.read_bytes())
    (tmp_path / "demo.tsv").write_bytes(DEMO.with_suffix(".tsv").read_bytes())
    soundfile.write(tmp_path / "quiet.wav", [0.0] * 80_000, 16_000)
    return tmp_path


def test_recordings_are_found_with_their_truth(folder: Path) -> None:
    """A recording without a .tsv has no event."""
    found = [(r.path.name, len(r.truth or ()), len(r.labels)) for r in read_recordings([folder])]
    assert [("demo.ogg", 13, 10), ("quiet.wav", 0, 0)] == found


def test_a_folder_that_is_given_twice_counts_once(folder: Path) -> None:
    """Also by another path."""
    assert read_recordings([folder]) == read_recordings([folder, folder / ".." / folder.name])


@pytest.mark.parametrize(
    ("row", "message"),
    [("soon\t2\tdog", "onset and offset must be seconds"), ("2\t1\tdog", "0 <= onset < offset must hold")],
)
def test_a_wrong_truth_is_explained(folder: Path, row: str, message: str) -> None:
    """The error names the file."""
    (folder / "demo.tsv").write_text(f"onset\toffset\tevent_label\n{row}\n")
    with pytest.raises(DataError, match=rf"demo\.tsv: .*{message}"):
        read_recordings([folder])


def test_clips_of_chosen_folds_are_found(clips: Path) -> None:
    """In the layout of ESC-50: two with an event each, and one without."""
    found = read_recordings([clips], [2])
    assert ["2-6-A-0.flac", "2-26-A-0.flac", "2-49-A-0.flac"] == [r.path.name for r in found]
    assert [("rooster",), ("chainsaw",), ()] == [r.labels for r in found]
    assert [((0.5, 2.6, "rooster"),), ((0.5, 2.6, "chainsaw"),), ()] == [r.truth for r in found]
    assert 6 == len(read_recordings([clips]))


def test_the_truth_of_a_weakly_labelled_clip_is_unknown(tmp_path: Path) -> None:
    """Its category gives the label, but no onset and offset."""
    (tmp_path / "meta").mkdir()
    (tmp_path / "meta" / "esc50.csv").write_text("filename,fold,category\na.ogg,1,dog\n")
    (clip,) = read_recordings([tmp_path])
    assert (("dog",), None) == (clip.labels, clip.truth)


def test_missing_folds_are_refused(clips: Path, folder: Path) -> None:
    """The error lists the existing ones."""
    with pytest.raises(DataError, match="no file is in fold 7; there are the folds 1, 2"):
        read_recordings([clips], [2, 7])
    with pytest.raises(DataError, match="no file is in fold 5; there are the folds 1"):
        read_recordings([folder], [5])
    assert read_recordings([clips], [2]) == read_recordings([clips, folder], [2])


def test_files_without_folds_have_those_of_training(tmp_path: Path) -> None:
    """So that a model is evaluated on held-out files."""
    for number in range(6):
        for label in ("dog", "rooster"):
            write_cut(tmp_path / label / f"{number}.wav")
    held_out = load_corpus([tmp_path], 16_000, DataConfig()).validation_split(DataConfig())
    assert held_out is not None
    expected = [clip.path for clip in held_out.clips]
    assert 2 == len(expected)
    assert expected == [recording.path for recording in read_recordings([tmp_path], [5])]
