from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import Result

from sed.cli.synth import synth as sed_synth
from sed.data.corpus import load_corpus
from sed.evaluation.recordings import read_recordings
from sed.recipe.training_config import DataConfig
from tests.conftest import TINY_RECIPE, invoke
from tests.sed.cuts import write_cut, write_table

# Events alone, in silence.
BARE = "[scenes]\nsilent_bed = 1.0\nsilent_start = 0.0\nevent_free = 0.0\ndistractors_mean = 0.0\nsnr_db_low = 15.0\n"


def synth(data: Path, out: Path, scenes: str = BARE, *more: object) -> Result:
    """Run sed-synth in this process."""
    recipe = out.parent / "tiny.toml"
    recipe.write_text(TINY_RECIPE.replace("[scenes]\n", scenes))
    arguments = [recipe, "--data", data, "--out", out, "--scenes", 3, "--seconds", 20, *more]
    return invoke(sed_synth, *arguments)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_scenes_follow_from_the_seed(clips: Path, tmp_path: Path) -> None:
    """Byte for byte; another seed or other folds give other scenes."""
    chances = "[scenes]\nevent_free = 0.0\n"
    for name, more in (("a", ()), ("b", ()), ("c", ("--seed", 2)), ("d", ("--folds", "train"))):
        done = synth(clips, tmp_path / name, chances, *more)
        assert 0 == done.exit_code, done.stderr
    a, b, c, d = (contents(tmp_path / name) for name in "abcd")
    assert [f"scene-000{number}.{suffix}" for number in (1, 2, 3) for suffix in ("flac", "tsv")] == list(a)
    assert a == b
    for other in (c, d):
        assert all(other[name] != audio for name, audio in a.items() if name.endswith(".flac"))


def test_truth_lies_where_the_sound_is(clips: Path, tmp_path: Path) -> None:
    """In silence, every sound is an event and every event is a sound, except for the ringing of filters."""
    assert 0 == synth(clips, tmp_path / "scenes").exit_code
    recordings = read_recordings([tmp_path / "scenes"])
    for recording in recordings:
        audio, rate = soundfile.read(recording.path)
        assert (20 * 16_000, 16_000) == (len(audio), rate)
        levels = np.abs(audio.reshape(-1, 800)).max(axis=1)  # in frames of 50 ms
        covered = np.zeros(len(audio))
        for onset, offset, _ in recording.truth:
            covered[round(onset * rate) : round(offset * rate)] = 1.0
        share = covered.reshape(-1, 800).mean(axis=1)
        assert levels[np.convolve(share, np.ones(5), mode="same") == 0].max(initial=0.0) < 0.02 * levels.max()
        assert levels[share == 1.0].min() > 0.0
    assert {"chainsaw", "rooster"} == {label for recording in recordings for _, _, label in recording.truth}


def test_scenes_without_events_are_recordings_without_events(clips: Path, tmp_path: Path) -> None:
    """For sed-eval, and for sed-train as data."""
    synth(clips, tmp_path / "scenes", BARE.replace("event_free = 0.0", "event_free = 1.0"))
    assert [()] * 3 == [recording.truth for recording in read_recordings([tmp_path / "scenes"])]
    synth(clips, tmp_path / "scenes" / "more")
    (tmp_path / "scenes" / "more" / "scene-0001.tsv").write_text("onset\toffset\tevent_label\n")
    corpus = load_corpus([tmp_path / "scenes", tmp_path / "scenes" / "more"], 16_000, DataConfig())
    assert 4 == len(corpus.distractors)


def test_only_clips_with_known_events_are_mixed(tmp_path: Path) -> None:
    """A weak recording of two labels is not; one of one label is, with the spans found by level."""
    for name in ("a.wav", "b.wav"):
        write_cut(tmp_path / "data" / name, seconds=3.0)
    table = tmp_path / "data" / "weak.tsv"
    write_table(table, "filename event_labels", "a.wav rooster,wind", "b.wav wind,rooster")
    for recordings in (0.0, 1.0):
        scenes = BARE + f"recordings = {recordings}\n"
        done = synth(tmp_path / "data", tmp_path / "none", scenes, "--folds", "train")
        assert 1 == done.exit_code
        assert "no event with a known onset and offset sounds alone, so none can be cut out" in done.stderr
        assert not (tmp_path / "none").exists()
        write_table(table, "filename event_labels", "a.wav rooster", "b.wav rooster")
        assert 0 == synth(tmp_path / "data", tmp_path / f"{recordings}", scenes, "--folds", "train").exit_code
        assert all(recording.truth for recording in read_recordings([tmp_path / f"{recordings}"]))
        write_table(table, "filename event_labels", "a.wav rooster,wind", "b.wav wind,rooster")


def test_a_label_that_no_scene_contains_is_warned_of(tmp_path: Path) -> None:
    """The wind sounds alone once, the rooster never."""
    write_cut(tmp_path / "data" / "a.wav", seconds=3.0)
    rows = "a.wav 0 1 rooster", "a.wav 0.5 1.5 wind", "a.wav 2 3 wind"
    write_table(tmp_path / "data" / "strong.tsv", "filename onset offset event_label", *rows)
    done = synth(tmp_path / "data", tmp_path / "scenes", BARE, "--folds", "train")
    assert 0 == done.exit_code, done.stderr
    assert "no scene contains rooster: no event of it with a known onset and offset sounds alone" in done.stderr


def test_strong_recordings_of_several_labels_are_mixed(tmp_path: Path) -> None:
    """Events that sound alone; if none does, scenes can only contain whole recordings."""
    for name in ("a.wav", "b.wav"):
        write_cut(tmp_path / "data" / name, seconds=3.0)
    table, header = tmp_path / "data" / "strong.tsv", "filename onset offset event_label"
    rows = [f"{name}.wav {times}" for name in "ab" for times in ("0 1 cat", "1.5 2.5 dog")]
    write_table(table, header, *rows)
    assert 0 == synth(tmp_path / "data", tmp_path / "alone", BARE, "--folds", "train").exit_code
    truth = [recording.truth for recording in read_recordings([tmp_path / "alone"])]
    assert all(truth)
    assert {"cat", "dog"} == {label for events in truth for *_, label in events or ()}
    write_table(table, header, *rows, *(row.replace("dog", "rain").replace("cat", "wind") for row in rows))
    done = synth(tmp_path / "data", tmp_path / "none", BARE, "--folds", "train")
    assert (1, False) == (done.exit_code, (tmp_path / "none").exists())
    assert "set [scenes] recordings in the recipe if all events overlap" in done.stderr
    whole = synth(tmp_path / "data", tmp_path / "whole", BARE + "recordings = 1.0\n", "--folds", "train")
    assert 0 == whole.exit_code
    assert all(recording.truth for recording in read_recordings([tmp_path / "whole"]))


@pytest.mark.parametrize(
    ("name", "message"),
    [("tiny.toml", "is a file; give a folder"), (".", "is not an empty folder; choose another")],
)
def test_existing_files_are_not_overwritten(clips: Path, tmp_path: Path, name: str, message: str) -> None:
    """Neither a file nor a folder that is not empty."""
    (tmp_path / "tiny.toml").touch()
    recipe = tmp_path / "recipes" / "tiny.toml"
    recipe.parent.mkdir()
    recipe.write_text(TINY_RECIPE)
    done = invoke(sed_synth, recipe, "--data", clips, "--out", tmp_path / name, "--scenes", 1)
    assert (2, 1) == (done.exit_code, len(done.stderr.splitlines()))
    assert message in done.stderr
    assert {"tiny.toml", "recipes"} == {path.name for path in tmp_path.iterdir()}
