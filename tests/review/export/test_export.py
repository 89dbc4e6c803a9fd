import csv
from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile

from review.errors import ReviewError
from review.export.writing import export
from review.store.clips import read_clips
from review.store.review_file import ReviewFile
from sed.data.layouts import read_labels
from tests.review.conftest import MakeClip

Say = Callable[..., Path]


@pytest.fixture
def say(tmp_path: Path, make_clip: MakeClip) -> Say:
    """Saves a clip and, if there is a verdict, a review of it."""

    def said(verdict: str | None = None, true: dict[str, object] | None = None, **given: object) -> Path:
        path = make_clip(**given)
        if verdict is not None:
            (clip,) = (one for one in read_clips(tmp_path / "clips") if one.path == path)
            ReviewFile(tmp_path / "clips").append(clip.review(verdict, **(true or {})))  # type: ignore[arg-type]
        return path

    return said


@pytest.mark.parametrize("form", ["train", "raven", "audacity"])
def test_what_was_confirmed_is_read_back_as_labels(tmp_path: Path, say: Say, form: str) -> None:
    """Events with their borders, and what was wrong as a sound that is no event; what is unsure is left out."""
    say("right", {"onset": 1.2, "offset": 1.9}, at=0.0)
    say("other", {"label": "fox"}, at=60.0, day=2)
    say("wrong", at=120.0, day=2)
    say("right", at=180.0, day=3, kind="near miss", score=0.4, label="rooster")
    say("unsure", at=240.0, day=3)
    summary = export([tmp_path / "clips"], tmp_path / "out", form)
    files = {file.path.name.split("T")[1]: file for file in read_labels(tmp_path / "out")}
    found = {name: file.segments for name, file in files.items()}
    assert {
        "120000.000Z_dog_60.flac": ((1.2, 1.9, "dog"),),
        "120100.000Z_dog_60.flac": ((1.0, 2.0, "fox"),),
        "120200.000Z_dog_60.flac": (),
        "120300.000Z_rooster_40.flac": ((1.0, 2.0, "rooster"),),
    } == found
    assert not any(file.predicted for file in files.values())
    assert "4 clips (dog 1, fox 1, rooster 1; 1 clips without an event) of 3 days, of which 1 are held out" in str(
        summary
    )
    assert "left out: 1 unsure" in str(summary)


def test_a_day_is_never_on_both_sides(tmp_path: Path, say: Say) -> None:
    """Sound ends at midnight: what was saved on both days is cut."""
    for day in range(1, 21):
        for at in (0.0, 60.0, 12 * 3600.0 - 0.5):
            say("right" if at else "wrong", at=at, day=day, seconds=0.25)
    export([tmp_path / "clips"], tmp_path / "out", "train")
    rows = list(csv.DictReader((tmp_path / "out" / "meta" / "esc50.csv").read_text().splitlines()))
    folds = {row["day"]: {other["fold"] for other in rows if other["day"] == row["day"]} for row in rows}
    assert (20, {1}) == (len(folds), {len(found) for found in folds.values()})
    assert [4] * 5 == [sum(found == {str(fold)} for found in folds.values()) for fold in range(1, 6)]
    lengths = [soundfile.info(path).duration for path in (tmp_path / "out" / "audio").glob("*T235959*")]
    assert [1.5] * 20 == lengths


def test_an_example_has_all_that_is_known_of_its_sound(tmp_path: Path, say: Say) -> None:
    """A neighbour that is confirmed is in it, too; it ends before one that nobody has heard; a near miss is none."""
    say("right", at=0.0)
    say("right", at=1.5, label="rooster")
    say("right", at=1.999, seconds=0.5)  # reaches into the first clip by a thousandth of a second
    say(at=20.0), say("wrong", at=21.5), say("wrong", at=21.2, label="rooster")
    say(at=21.5, label="hen", kind="near miss", score=0.3)
    say(at=40.0, label="hen"), say("right", at=40.5)
    summary = export([tmp_path / "clips"], tmp_path / "out", "train")
    found = {file.path.name.split("_", 2)[1]: file for file in read_labels(tmp_path / "out")}
    names = ("20260501T120000.000Z", "20260501T120001.500Z", "20260501T120021.500Z")
    first, second, wrong = (found[name] for name in names)
    assert ((1.0, 2.0, "dog"), (2.5, 3.0, "rooster")) == first.segments
    assert ((0.0, 0.5, "dog"), (1.0, 2.0, "rooster"), (1.499, 1.999, "dog")) == second.segments
    assert (2.5, ()) == (soundfile.info(wrong.path).duration, wrong.segments)
    assert {"unsure": 0, "beside an event that nobody is sure of": 1, "deleted meanwhile": 0} == summary.left_out


def test_the_table_for_perch_hoplite_has_both_kinds_of_labels(tmp_path: Path, say: Say) -> None:
    """Recordings below the folder of their source, which it takes for the deployment."""
    say("right", at=0.0), say("wrong", at=60.0), say("other", {"label": "fox", "offset": 2.5}, at=120.0)
    export([tmp_path / "clips"], tmp_path / "out", "hoplite")
    rows = list(csv.reader((tmp_path / "out" / "annotations.csv").read_text().splitlines()))
    assert ["recording", "start_offset_s", "end_offset_s", "label", "label_type"] == rows[0]
    assert [
        ["1.000", "2.000", "dog", "positive"],
        ["1.000", "2.000", "dog", "negative"],
        ["1.000", "2.500", "fox", "positive"],
        ["1.000", "2.000", "dog", "negative"],
    ] == [row[1:] for row in rows[1:]]
    assert all((tmp_path / "out" / row[0]).is_file() and row[0].startswith("porch/") for row in rows[1:])


def test_clips_stay_as_they_are_and_those_that_are_gone_are_counted(tmp_path: Path, say: Say) -> None:
    """An export is bytes of the clips, where they are whole; it never writes over anything."""
    kept = say("right", at=0.0)
    before = kept.read_bytes(), kept.with_suffix(".json").read_bytes()
    say("right", at=60.0).unlink()
    assert 1 == export([tmp_path / "clips"], tmp_path / "out", "train").left_out["deleted meanwhile"]
    assert before == (kept.read_bytes(), kept.with_suffix(".json").read_bytes())
    (written,) = (tmp_path / "out" / "audio").iterdir()
    assert before[0] == written.read_bytes()
    with pytest.raises(ReviewError, match=r"out: holds something already; give a new folder"):
        export([tmp_path / "clips"], tmp_path / "out", "raven")


def test_two_folders_may_have_clips_of_one_name(tmp_path: Path, say: Say) -> None:
    """Both are written; where nothing is confirmed, that is said."""
    say("right", at=0.0)
    (tmp_path / "clips").rename(tmp_path / "first")
    say("unsure", at=0.0)
    with pytest.raises(ReviewError, match="no clip is confirmed"):
        export([tmp_path / "clips"], tmp_path / "out", "train")
    clip = read_clips(tmp_path / "clips")[0]
    ReviewFile(tmp_path / "clips").append(clip.review("right"))
    export([tmp_path / "first", tmp_path / "clips"], tmp_path / "out", "audacity")
    assert 2 == len(read_labels(tmp_path / "out"))
