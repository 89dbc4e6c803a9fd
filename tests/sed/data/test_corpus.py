import shutil
from pathlib import Path

import numpy as np
import pytest

from edge.sources.audio import read_audio
from sed.data.corpus import Corpus, load_corpus
from sed.errors import DataError, RecipeError
from sed.recipe.training_config import DataConfig, SceneConfig
from tests.sed.cuts import DOG, QUIET, ROOSTER, write_cut, write_table

STRONG = "filename onset offset event_label"


def load(*folders: Path, **config: tuple[str, ...] | tuple[int, ...]) -> Corpus:
    return load_corpus(folders, 16_000, DataConfig(**config))  # type: ignore[arg-type]  # each test gives what fits


@pytest.fixture
def classes(tmp_path: Path) -> Path:
    """Two classes of two files each, a background and another sound, in folders."""
    for number in range(2):
        write_cut(tmp_path / "rooster" / f"{number}.ogg", ROOSTER + number / 10, seconds=3.0)
        write_cut(tmp_path / "dog" / f"{number}.flac", DOG - number / 10, seconds=1.4)
    write_cut(tmp_path / "noise" / "bed.wav", QUIET, seconds=3.0)
    write_cut(tmp_path / "other" / "waves.mp3", 45.0)
    return tmp_path


def test_clips_are_read_with_their_labels(clips: Path) -> None:
    """Events where strong.tsv names them, distractors elsewhere; times in samples of the rate that was asked for."""
    corpus = load(clips)
    assert ("chainsaw", "rooster") == corpus.labels
    assert [("rooster",), ("chainsaw",)] * 2 == [clip.labels for clip in corpus.cuts]
    assert 2 == len(corpus.distractors)
    clip = corpus.cuts[0]
    assert ((8000, 41_600, "rooster"),) == clip.segments
    assert ((8000, 41_600),) == clip.spans
    np.testing.assert_allclose(clip.audio[8000:8100], read_audio(clip.path, 16_000)[8000:8100], rtol=1e-3, atol=1e-6)


def test_folds_separate_the_clips(clips: Path) -> None:
    """Each fold has its own clips and all labels."""
    corpus = load(clips)
    first, second = corpus.select_folds([1]), corpus.select_folds([2])
    assert corpus.labels == first.labels
    assert set() == {clip.path for clip in first.clips} & {clip.path for clip in second.clips}
    assert 1 == len(first.distractors)
    with pytest.raises(DataError, match=r"folds \[3\] have no clip of chainsaw, rooster"):
        corpus.select_folds([3])


def test_onsets_and_offsets_of_weak_labels_are_found(classes: Path) -> None:
    """The loudest sample of the dog's clip lies in a span; its segments stay unknown."""
    for clip in load(classes).cuts:
        assert clip.segments is None
        assert clip.spans
    first = load(classes, labels=("dog",)).cuts[0]
    loudest = int(np.abs(first.audio[:]).argmax())
    assert any(onset <= loudest < offset for onset, offset in first.spans)


def test_a_file_that_is_given_twice_is_taken_once(
    classes: Path, tmp_path_factory: pytest.TempPathFactory, caplog: pytest.LogCaptureFixture
) -> None:
    """Also through a link or a subfolder: else it may be in a training fold and in a validation fold."""
    link = tmp_path_factory.mktemp("links") / "link"
    link.symlink_to(classes)
    expected = [(clip.path, clip.fold) for clip in load(classes).clips]
    assert not caplog.records
    assert expected == [(clip.path, clip.fold) for clip in load(classes, link, classes / "dog").clips]
    assert "8 files are given more than once, such as" in caplog.text


def test_kinds_of_clips(classes: Path) -> None:
    """What is mixed, what it is mixed over, and what it is mixed with."""
    corpus = load(classes)
    kinds = (corpus.cuts, corpus.labelled, corpus.distractors, corpus.backgrounds)
    assert [4, 4, 1, 1] == [len(kind) for kind in kinds]
    assert ["waves.mp3", "bed.wav"] == [kind[0].path.name for kind in kinds[2:]]


def test_labels_that_are_not_chosen_are_no_events(classes: Path) -> None:
    """Their files are distractors; a label that no file has is an error, with a suggestion."""
    corpus = load(classes, labels=("rooster", "rooster"))
    assert ("rooster",) == corpus.labels
    assert {"0.flac", "1.flac", "waves.mp3"} == {clip.path.name for clip in corpus.distractors}
    with pytest.raises(RecipeError, match=r"\[data\] labels: the data has no 'roster'; did you mean 'rooster'"):
        load(classes, labels=("dog", "roster"))


def test_a_recording_keeps_the_labels_that_are_chosen(tmp_path: Path) -> None:
    """With their segments; two of one label that overlap are one span."""
    for name in ("a.wav", "b.wav", "c.wav"):
        write_cut(tmp_path / name, seconds=3.0)
    write_table(tmp_path / "strong.tsv", STRONG, "a.wav 0 2 x", "a.wav 1 1.5 y", "a.wav 1.25 9 x", "b.wav 0 1 y")
    write_table(tmp_path / "weak.tsv", "filename event_labels", "c.wav x,y")
    both, chosen = load(tmp_path), load(tmp_path, labels=("x",))
    a, b, c = both.clips
    assert (("x", "y"), ("y",), ("x", "y")) == (a.labels, b.labels, c.labels)
    assert ((0, 32_000, "x"), (16_000, 24_000, "y"), (20_000, 48_000, "x")) == a.segments
    assert ((), ((0, 16_000),), (), None) == (a.spans, b.spans, c.spans, c.segments)
    a, b, c = chosen.clips
    assert (((0, 32_000, "x"), (20_000, 48_000, "x")), ((0, 48_000),)) == (a.segments, a.spans)
    assert ((), ()) == (b.labels, b.segments)
    assert (("x",), None, ()) == (c.labels, c.segments, c.spans)  # nobody knows which of its sounds is x


def test_events_that_sound_alone_are_cut_out(tmp_path: Path) -> None:
    """As clips of their own, with the recording's sound and not a sample of the other label's."""
    write_cut(tmp_path / "a.wav", seconds=3.0)
    rows = ("a.wav 0.5 1 dog", "a.wav 1 1.5 cat", "a.wav 2 2.5 dog", "a.wav 2.25 3 cat")
    write_table(tmp_path / "strong.tsv", STRONG, *rows)
    (whole,) = load(tmp_path).clips
    cat, dog = load(tmp_path).cuts
    assert (("cat",), ((0, 8000),), 16_000) == (cat.labels, cat.spans, len(cat.audio))
    assert (("dog",), ((8000, 16_000, "dog"),), 16_000) == (dog.labels, dog.segments, len(dog.audio))
    np.testing.assert_array_equal(whole.audio[16_000:32_000], cat.audio[:])
    np.testing.assert_array_equal(whole.audio[8000:16_000], dog.audio[8000:20_000])


def test_clips_and_labels_that_no_scene_contains_are_named(tmp_path: Path) -> None:
    """Weak files of several labels, and an event under another, unless the recipe mixes whole recordings."""
    for name in ("a.wav", "b.wav"):
        write_cut(tmp_path / name, seconds=3.0)
    write_table(tmp_path / "strong.tsv", STRONG, "a.wav 0 3 wind", "a.wav 1 2 dog", "b.wav 1 2 cat")
    weak = write_table(tmp_path / "weak.tsv", "filename event_labels", "b.wav cat")
    with pytest.raises(
        DataError, match=r"in folds .* no event of dog, wind sounds alone.* set \[scenes\] recordings = 0\.5"
    ):
        load(tmp_path).require_scenes(SceneConfig())
    load(tmp_path).require_scenes(SceneConfig(recordings=0.1))
    load(tmp_path, labels=("cat", "wind")).require_scenes(SceneConfig())
    assert ["a.wav"] == [clip.path.name for clip in load(tmp_path).unused(SceneConfig())]
    assert () == load(tmp_path).unused(SceneConfig(recordings=0.1))
    (tmp_path / "strong.tsv").unlink()
    weak.write_text(weak.read_text() + "a.wav\tcat,dog\n")
    for corpus in (load(tmp_path), load(tmp_path, labels=("dog",))):
        assert ["a.wav"] == [clip.path.name for clip in corpus.unused(SceneConfig())]


def test_ratings_and_secondary_labels_are_kept(tmp_path: Path) -> None:
    """A clip with a chosen bird only as a secondary label is neither a clip of it nor a distractor."""
    for name in ("XC1.mp3", "XC2.mp3"):
        write_cut(tmp_path / "train_audio" / "a" / name, rate=44_100)
    write_cut(tmp_path / "train_audio" / "b" / "XC3.mp3")
    rows = ("a [] a/XC1.mp3 4", "a ['b'] a/XC2.mp3 1", "b ['a'] b/XC3.mp3 0")
    write_table(tmp_path / "train_metadata.csv", "primary_label secondary_labels filename rating", *rows)
    of_two = [(clip.labels, clip.secondary, clip.weight) for clip in load(tmp_path).clips]
    assert [(("a",), (), 0.8), (("a",), ("b",), 0.2), (("b",), ("a",), 0.6)] == of_two
    of_one = load(tmp_path, labels=("a",))
    assert [(("a",), ()), (("a",), ()), ((), ("a",))] == [(clip.labels, clip.secondary) for clip in of_one.clips]
    assert () == of_one.distractors


def test_folds_do_not_depend_on_other_folders(classes: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """So that a folder evaluated alone has the folds that it was trained with."""
    more = tmp_path_factory.mktemp("more")
    for number in range(7):
        write_cut(more / "dog" / f"{number}.wav", DOG)
    alone = {clip.path: clip.fold for clip in load(more).clips}
    together = {clip.path: clip.fold for clip in load(classes, more).clips}
    assert alone.items() <= together.items()


def test_clips_are_split_into_training_and_validation(classes: Path) -> None:
    """Fold 5 is for validation and the others for training, unless the recipe says otherwise."""
    corpus = load(classes)
    by_default = DataConfig()
    validation = corpus.validation_split(by_default)
    assert validation is not None
    assert {1, 5} == {clip.fold for clip in corpus.clips}
    assert 2 == len(corpus.train_split(by_default).cuts) == len(validation.cuts)
    all_folds = DataConfig(validation_folds=())
    assert corpus.validation_split(all_folds) is None
    assert 4 == len(corpus.train_split(all_folds).cuts)
    with pytest.raises(DataError, match=r"folds \[2\] have no clip of dog, rooster"):
        corpus.validation_split(DataConfig(validation_folds=(2,)))


def test_too_few_sounds_of_a_class_are_refused(classes: Path) -> None:
    """The error counts them; those that were held out are not trained on."""
    corpus = load(classes)
    assert ("dog", "rooster") == corpus.train_split(DataConfig(validation_folds=(), fewest_sounds=2)).labels
    write_cut(classes / "cat" / "1.wav", DOG)
    with pytest.raises(DataError, match=r"too few sounds to train on: cat \(1\); at least 2 of each class are needed"):
        load(classes).train_split(DataConfig(validation_folds=(), fewest_sounds=2))
    with pytest.raises(DataError, match=r"dog \(1\), rooster \(\d\); at least 2"):
        corpus.train_split(DataConfig(fewest_sounds=2))


def test_a_validation_split_may_lack_a_label(classes: Path, caplog: pytest.LogCaptureFixture) -> None:
    """With a warning; a training split may not."""
    (classes / "dog" / "0.flac").unlink()  # the other is dealt to fold 1
    corpus = load(classes)
    assert corpus.validation_split(DataConfig()) is not None
    assert "the validation folds [5] have no clip of dog" in caplog.text
    with pytest.raises(DataError, match=r"folds \[5\] have no clip of dog"):
        corpus.train_split(DataConfig(train_folds=(5,), validation_folds=(1,)))


def test_a_label_that_no_validation_scene_contains_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is in a clip of that fold, but cannot be cut out of it; whole recordings contain it."""
    for name in ("a", "b", "c", "d", "e"):
        write_cut(tmp_path / f"{name}.wav")
    rows = ("a.wav dog", "b.wav dog", "c.wav cat", "d.wav cat,dog", "e.wav cat,dog")
    write_table(tmp_path / "weak.tsv", "filename event_labels", *rows)
    validation = load(tmp_path).validation_split(DataConfig())
    assert validation is not None
    validation.require_scenes(SceneConfig(recordings=0.5), all_labels=False)
    assert "" == caplog.text
    validation.require_scenes(SceneConfig(), all_labels=False)
    assert "in folds 5 no event of cat sounds alone, so none can be cut out and no validation scene" in caplog.text


def test_broken_files_are_reported_and_skipped(classes: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One by one, and how many at the end."""
    (classes / "dog" / "0.flac").write_text("no sound")
    (classes / "other" / "waves.mp3").write_bytes(b"")
    corpus = load(classes)
    assert 3 == len(corpus.cuts)
    assert [("0.flac", ("dog",)), ("waves.mp3", ())] == [(one.path.name, one.labels) for one in corpus.skipped]
    first, second, last = (record.getMessage() for record in caplog.records)
    assert "0.flac: holds no audio" in first
    assert "waves.mp3: is empty" in second
    assert "2 of 6 files were skipped" == last


def test_nothing_but_broken_files_is_an_error(tmp_path: Path) -> None:
    """And so is a folder without any event."""
    (tmp_path / "dog").mkdir()
    (tmp_path / "dog" / "a.wav").write_text("no sound")
    with pytest.raises(DataError, match="no clip has an event; give labelled clips that can be read"):
        load(tmp_path)
    write_cut(tmp_path / "quiet" / "other" / "a.wav")
    with pytest.raises(DataError, match="no clip has an event"):
        load(tmp_path / "quiet")


def test_an_event_beyond_the_end_is_reported(clips: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An event that begins within the clip is cut at its end."""
    shutil.copytree(clips, tmp_path / "clips")
    table = tmp_path / "clips" / "meta" / "strong.tsv"
    table.write_text(table.read_text().replace("0.5\t2.6\trooster", "0.5\t9\trooster", 1))
    assert 48_000 == load(tmp_path / "clips").cuts[0].spans[0][1]
    table.write_text(table.read_text().replace("0.5\t9\trooster", "8\t9\trooster", 1))
    assert 3 == len(load(tmp_path / "clips").cuts)
    assert "1-6-A-0.flac: its table has an event after its end, 3.00 s; correct the table" in caplog.text
