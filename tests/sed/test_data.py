import shutil
from pathlib import Path

import pytest

from sed.data import load_corpus
from sed.errors import DataError


def test_clips_are_read_with_their_labels(clips: Path) -> None:
    """Events where strong.tsv names them, distractors elsewhere."""
    corpus = load_corpus([clips], 16_000)
    assert ("chainsaw", "rooster") == corpus.labels
    assert ["rooster", "chainsaw"] * 2 == [clip.label for clip in corpus.events]
    assert 2 == len(corpus.distractors)
    clip = corpus.events[0]
    assert ((8000, 41_600),) == clip.segments
    assert 48_000 == len(clip.audio)


def test_folds_part_the_clips(clips: Path) -> None:
    """Each fold has its own clips and all labels."""
    corpus = load_corpus([clips], 16_000)
    first, second = corpus.folds([1]), corpus.folds([2])
    assert corpus.labels == first.labels
    assert set() == {clip.path for clip in first.events} & {clip.path for clip in second.events}
    assert 1 == len(first.distractors)
    with pytest.raises(DataError, match=r"folds \[3\] hold no clip of chainsaw, rooster"):
        corpus.folds([3])


def test_a_broken_clip_is_reported_and_skipped(clips: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Not silently."""
    shutil.copytree(clips, tmp_path / "clips")
    (tmp_path / "clips" / "audio" / "1-6-A-0.flac").write_text("no sound")
    assert 3 == len(load_corpus([tmp_path / "clips"], 16_000).events)
    assert "1-6-A-0.flac" in caplog.text


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("esc50.csv", "file,fold\n", "lacks the column filename"),
        ("strong.tsv", "filename\tonset\toffset\n", "lacks the column event_label"),
        ("strong.tsv", "filename\tonset\toffset\tevent_label\na\t2\t1\tdog\n", "0 <= onset < offset must hold"),
        ("strong.tsv", "filename\tonset\toffset\tevent_label\na\tx\t1\tdog\n", "must be seconds"),
        ("strong.tsv", "filename\tonset\toffset\tevent_label\na\t0\t1\tdog\na\t1\t2\tcat\n", "expected one"),
        ("strong.tsv", "filename\tonset\toffset\tevent_label\n", "no clip has an event"),
        ("strong.tsv", "filename\tonset\toffset\tevent_label\na\t0\t1\tdog\n", "names 'a', which esc50.csv"),
        ("strong.tsv", "filename\tonset\toffset\tevent_label\n1-6-A-0.flac\t9\t10\tdog\n", "beyond its end, 3.00 s"),
        ("strong.tsv", "filename\tonset\toffset\tevent_label\n1-6-A-0.flac\t0\n", "line 2 is too short"),
        ("esc50.csv", "filename,fold\nK\xe4uz.wav,1\n", "is no table in UTF-8"),
    ],
)
def test_a_wrong_table_is_explained(clips: Path, tmp_path: Path, name: str, text: str, message: str) -> None:
    """The error names the file and what is wrong with it."""
    shutil.copytree(clips, tmp_path / "clips")
    (tmp_path / "clips" / "meta" / name).write_text(text, encoding="latin-1")
    with pytest.raises(DataError, match=message):
        load_corpus([tmp_path / "clips"], 16_000)


def test_a_fold_is_a_whole_number(clips: Path, tmp_path: Path) -> None:
    """The error names the clip and what came."""
    shutil.copytree(clips, tmp_path / "clips")
    table = tmp_path / "clips" / "meta" / "esc50.csv"
    table.write_text(table.read_text().replace(",2", ",two"))
    with pytest.raises(DataError, match=r"2-6-A-0\.flac: fold must be a whole number, got 'two'"):
        load_corpus([tmp_path / "clips"], 16_000)


def test_a_table_may_begin_with_a_byte_order_mark(clips: Path, tmp_path: Path) -> None:
    """As spreadsheets write them."""
    shutil.copytree(clips, tmp_path / "clips")
    table = tmp_path / "clips" / "meta" / "esc50.csv"
    table.write_text(table.read_text(), encoding="utf-8-sig")
    assert 4 == len(load_corpus([tmp_path / "clips"], 16_000).events)


def test_a_folder_of_another_layout_is_explained(tmp_path: Path) -> None:
    """The error says which layout was expected."""
    with pytest.raises(DataError, match="in the layout of ESC-50"):
        load_corpus([tmp_path], 16_000)
