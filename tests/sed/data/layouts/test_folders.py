import shutil
from pathlib import Path

import pytest

from sed.data.labels import LabelledFile, Segment
from sed.data.layouts import read_labels
from sed.errors import DataError
from tests.conftest import DEMO
from tests.sed.cuts import DOG, QUIET, write_cut, write_table

STRONG = "filename onset offset event_label"


def described(files: list[LabelledFile]) -> dict[str, tuple[object, ...]]:
    """File name -> fold, labels, segments."""
    assert len(files) == len({file.path for file in files})
    assert all(file.path.is_file() for file in files)
    return {file.path.name: (file.fold, file.labels, file.segments) for file in files}


def test_esc50_with_strong_labels(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Folds as in the table; a clip that strong.tsv does not name has no event, and a warning counts them."""
    for name in ("a.flac", "b.flac"):
        write_cut(tmp_path / "audio" / name)
    write_table(tmp_path / "meta" / "esc50.csv", "filename fold category", "a.flac 1 rooster", "b.flac 2 wind")
    write_table(tmp_path / "meta" / "strong.tsv", STRONG, "a.flac 0.2 0.9 rooster")
    expected = {"a.flac": (1, ("rooster",), (Segment(0.2, 0.9, "rooster"),)), "b.flac": (2, (), ())}
    assert expected == described(read_labels(tmp_path))
    assert (
        "strong.tsv: does not name 1 clips; they count as clips without events, whatever their category" in caplog.text
    )


def test_esc50_as_it_is_published(tmp_path: Path) -> None:
    """The category is the label; onsets and offsets are not known."""
    write_cut(tmp_path / "audio" / "1-100032-A-0.wav", DOG, rate=44_100)
    header = "filename fold target category esc10 src_file take"
    write_table(tmp_path / "meta" / "esc50.csv", header, "1-100032-A-0.wav 1 0 dog True 100032 A")
    assert {"1-100032-A-0.wav": (1, ("dog",), None)} == described(read_labels(tmp_path))


def test_esc50_without_labels_is_explained(tmp_path: Path) -> None:
    """The error says what to add."""
    write_table(tmp_path / "meta" / "esc50.csv", "filename fold", "a.wav 1")
    with pytest.raises(DataError, match=r"give it the column category, or meta/strong\.tsv"):
        read_labels(tmp_path)


def test_esc50_names_each_clip_in_both_tables(tmp_path: Path) -> None:
    """And a fold is a whole number."""
    write_table(tmp_path / "meta" / "esc50.csv", "filename fold category", "a.wav one dog")
    with pytest.raises(DataError, match=r"a\.wav: fold must be a whole number, got 'one'"):
        read_labels(tmp_path)
    write_table(tmp_path / "meta" / "strong.tsv", STRONG, "b.wav 0 1 dog")
    with pytest.raises(DataError, match=r"names 'b\.wav', which esc50\.csv beside it does not"):
        read_labels(tmp_path)


def test_desed_tables_strong_and_weak(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Several labels a file, files without events, a file that no table names; strong labels win over weak ones."""
    for name in ("strong.wav", "both.ogg", "none.wav"):
        write_cut(tmp_path / name)
    for name in ("weak.mp3", "empty.flac"):
        write_cut(tmp_path / "audio" / name)
    write_cut(tmp_path / "audio" / "train" / "deep.wav")
    write_cut(tmp_path / "unlabelled.wav")
    meta = tmp_path / "metadata"
    write_table(
        meta / "strong.tsv", STRONG, "strong.wav 0.5 1 cat", "strong.wav 0 0.7 dog", "both.ogg 0 1 dog", "none.wav   "
    )
    write_table(
        meta / "weak.tsv", "filename event_labels", "weak.mp3 dog,cat", "both.ogg cat", "empty.flac ", "deep.wav dog"
    )
    write_table(meta / "durations.tsv", "filename duration", "strong.wav 1")
    assert {
        "strong.wav": (None, ("cat", "dog"), (Segment(0.0, 0.7, "dog"), Segment(0.5, 1.0, "cat"))),
        "both.ogg": (None, ("dog",), (Segment(0.0, 1.0, "dog"),)),
        "none.wav": (None, (), ()),
        "weak.mp3": (None, ("cat", "dog"), None),
        "empty.flac": (None, (), ()),
        "deep.wav": (None, ("dog",), None),
    } == described(read_labels(tmp_path))
    assert "1 audio files, such as unlabelled.wav, are in no table and no class folder, and are not used" in caplog.text


def test_desed_as_it_is_published(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Tables and audio lie deep, names repeat, one table is a part of another, and most audio has no label."""
    audio, meta = tmp_path / "audio", tmp_path / "metadata"
    of_synthetic, of_validation = "train/synthetic/soundscapes", "validation/synthetic/soundscapes"
    for place in (f"{of_synthetic}/0.wav", f"{of_validation}/0.wav", "validation/y.wav", "train/weak/z.wav"):
        write_cut(audio / place)
    for number in range(3):
        write_cut(audio / "train" / "unlabel_in_domain" / f"{number}.wav")
    write_table(meta / f"{of_synthetic}.tsv", STRONG, "0.wav 0 1 Cat")
    write_table(meta / f"{of_validation}.tsv", STRONG, "0.wav 0 1 Dog")
    for name in ("validation.tsv", "eval_dcase2018.tsv"):
        write_table(meta / "validation" / name, STRONG, "y.wav 0 1 Dog")
    write_table(meta / "train" / "weak.tsv", "filename event_labels", "z.wav Cat,Dog")
    write_table(meta / "train" / "unlabel_in_domain.tsv", "filename", "0.wav", "1.wav", "2.wav")
    found = {file.path.relative_to(audio).as_posix(): file for file in read_labels(tmp_path)}
    cat, dog = (((label,), (Segment(0.0, 1.0, label),)) for label in ("Cat", "Dog"))
    assert {
        f"{of_synthetic}/0.wav": (None, *cat),
        f"{of_validation}/0.wav": (5, *dog),
        "validation/y.wav": (5, *dog),
        "train/weak/z.wav": (None, ("Cat", "Dog"), None),
    } == {name: (file.fold, file.labels, file.segments) for name, file in found.items()}
    assert "3 audio files, such as audio/train/unlabel_in_domain/0.wav, are in no table and no" in caplog.text


def test_rows_of_one_file_are_put_together(tmp_path: Path) -> None:
    """A weak table may have a row a label."""
    write_cut(tmp_path / "a.wav")
    write_table(tmp_path / "weak.tsv", "filename event_labels", "a.wav dog", "a.wav rain", "a.wav dog,cat")
    assert {"a.wav": (None, ("cat", "dog", "rain"), None)} == described(read_labels(tmp_path))


def test_a_name_that_fits_two_files_is_explained(tmp_path: Path) -> None:
    """Rather than guessed; a path is unique."""
    for place in ("one", "two"):
        write_cut(tmp_path / place / "a.wav")
    write_table(tmp_path / "weak.tsv", "filename event_labels", "a.wav dog")
    with pytest.raises(DataError, match=r"weak\.tsv: a\.wav may be .*one/a\.wav or .*two/a\.wav; name it by its path"):
        read_labels(tmp_path)
    write_table(tmp_path / "weak.tsv", "filename event_labels", "two/a.wav dog")
    assert [("two", ("dog",))] == [(file.path.parent.name, file.labels) for file in read_labels(tmp_path)]


def test_recordings_with_their_truth_beside_them(tmp_path: Path) -> None:
    """A recording without a table has no event, as for sed-eval."""
    for path in (DEMO, DEMO.with_suffix(".tsv")):
        shutil.copy(path, tmp_path)
    write_cut(tmp_path / "quiet.wav", QUIET)
    files = described(read_labels(tmp_path))
    assert (None, (), ()) == files["quiet.wav"]
    _, labels, segments = files["recording.ogg"]
    assert 10 == len(labels)
    assert 13 == len(segments)


def test_a_table_whose_recording_is_not_there_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Else its recording would count as one without events; a suffix may be in upper case."""
    for name in ("a", "b"):
        write_cut(tmp_path / f"{name}.wav")
    (tmp_path / "a.TSV").write_text("onset\toffset\tevent_label\n0.1\t0.5\tdog\n")
    write_table(tmp_path / "bb.tsv", "onset offset event_label", "0.1 0.5 dog")
    files = described(read_labels(tmp_path))
    assert [(), ("dog",)] == [files[name][1] for name in ("b.wav", "a.wav")]
    assert ": bb.tsv: describes no file of this folder" in caplog.text
    assert "a.TSV" not in caplog.text


@pytest.mark.parametrize("place", ["a.wav", "dog/a.wav"])
def test_a_table_of_no_known_columns_is_named(tmp_path: Path, place: str, caplog: pytest.LogCaptureFixture) -> None:
    """A warning names the table, as its labels are not used."""
    write_cut(tmp_path / place)
    write_table(tmp_path / "labels.tsv", "Filename Onset Offset Label", "a.wav 0.1 0.5 dog")
    write_table(tmp_path / "more.csv", "name from to class", "a.wav 0.1 0.5 dog")
    read_labels(tmp_path)
    assert "labels.tsv, more.csv: describes no file of this folder and is not used; expected" in caplog.text


def test_labels_and_names_have_one_form(tmp_path: Path) -> None:
    """An accent may be a separate character, as on macOS; space around a label is ignored."""
    composed, apart = "M\u00f6we", "Mo\u0308we"
    write_cut(tmp_path / f"{apart}.wav")
    (tmp_path / "labels.tsv").write_text(
        f"filename\tevent_labels\r\n{composed}.wav\t {apart} \r\n", encoding="utf-8-sig"
    )
    (file,) = read_labels(tmp_path)
    assert (True, (composed,)) == (file.path.is_file(), file.labels)
    for name in (composed, apart, ".hidden"):
        write_cut(tmp_path / "classes" / name / "a.wav")
    assert [composed, composed] == [label for file in read_labels(tmp_path / "classes") for label in file.labels]


def test_a_table_may_name_files_by_their_whole_path(tmp_path: Path) -> None:
    """Wherever they are."""
    path = write_cut(tmp_path / "elsewhere" / "a.wav")
    write_table(tmp_path / "data" / "labels.tsv", STRONG, f"{path} 0 1 dog")
    assert [path] == [file.path for file in read_labels(tmp_path / "data")]


def test_a_folder_per_class(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Some names are not classes, in any case; a warning names a file outside the class folders."""
    paths = (
        "dog/a.wav",
        "dog/more/b.mp3",
        "rooster/a.wav",
        "Noise/n.wav",
        "_background_noise_/n.wav",
        "Silences/s.flac",
        "background noise/n.wav",
        "Background-Noises/n.wav",
    )
    for path in (*paths, "others/o.ogg", "stray.wav"):
        write_cut(tmp_path / path)
    (tmp_path / "notes").mkdir()
    files = read_labels(tmp_path)
    found = {str(file.path.relative_to(tmp_path)): (file.labels, file.segments, file.background) for file in files}
    dog, rooster, bed = (("dog",), None, False), (("rooster",), None, False), ((), (), True)
    assert (
        dict(zip(paths, (dog, dog, rooster, bed, bed, bed, bed, bed), strict=True)) | {"others/o.ogg": ((), (), False)}
        == found
    )
    assert "1 audio files, such as stray.wav, are in no table and no class folder, and are not used" in caplog.text


def test_parts_of_a_data_set_are_not_classes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever tables are missing; a warning names them."""
    for place in ("Train_audio/a.wav", "test_soundscapes/b.wav"):
        write_cut(tmp_path / place)
    with pytest.raises(DataError, match="has no layout of labels that is known"):
        read_labels(tmp_path)
    assert ": Train_audio, test_soundscapes: taken for parts of a data set, not classes" in caplog.text
    write_cut(tmp_path / "train" / "c.wav")
    assert {"c.wav": (None, ("train",), None)} == described(read_labels(tmp_path))


@pytest.mark.parametrize("place", ["", "audio"])
def test_audio_without_labels_has_no_event(tmp_path: Path, place: str, caplog: pytest.LogCaptureFixture) -> None:
    """And a warning says so."""
    write_cut(tmp_path / place / "a.wav")
    assert {"a.wav": (None, (), ())} == described(read_labels(tmp_path))
    assert "has no labels; its 1 audio files are taken for sounds that are not events" in caplog.text


def test_where_two_layouts_fit_the_first_is_taken(tmp_path: Path) -> None:
    """A folder per class, until a table says more."""
    write_cut(tmp_path / "dog" / "a.wav")
    assert {"a.wav": (None, ("dog",), None)} == described(read_labels(tmp_path))
    write_table(tmp_path / "labels.tsv", STRONG, "dog/a.wav 0 1 bark")
    assert {"a.wav": (None, ("bark",), (Segment(0.0, 1.0, "bark"),))} == described(read_labels(tmp_path))


def test_what_is_not_recognised_is_explained(tmp_path: Path) -> None:
    """With a list of what would have been."""
    (tmp_path / "labels.tsv").write_text("file\tlabel\n")
    with pytest.raises(
        DataError, match=r"has no layout of labels that is known; expected meta/esc50\.csv \(ESC-50\), train_me"
    ):
        read_labels(tmp_path)
    with pytest.raises(DataError, match="is not a folder; give a folder of audio files"):
        read_labels(tmp_path / "none")
