import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from edge.model.library import shipped_model
from sed.cli.train import train
from tests.conftest import TINY_RECIPE, command, invoke
from tests.sed.cuts import DOG, QUIET, ROOSTER, write_cut, write_table


def check(data: Path, recipe: str = "") -> subprocess.CompletedProcess[str]:
    """Run sed-train --check-data as a user does."""
    (data / "recipe.toml").write_text(recipe)
    arguments = [data / "recipe.toml", "--data", data, "--check-data"]
    return subprocess.run([command("sed-train"), *arguments], capture_output=True, text=True, check=False)


@pytest.fixture
def classes(tmp_path: Path) -> Path:
    """Folders of two classes, a background, another sound, a broken file and a silent one."""
    for number in range(3):
        write_cut(tmp_path / "rooster" / f"{number}.ogg", ROOSTER + number / 10, seconds=3.0)
    for number in range(2):
        write_cut(tmp_path / "dog" / f"{number}.wav", DOG, seconds=1.8)
    soundfile.write(tmp_path / "dog" / "2.wav", np.zeros(28_800), 16_000)
    (tmp_path / "dog" / "3.mp3").write_text("no sound")
    write_cut(tmp_path / "noise" / "bed.flac", QUIET, seconds=3.6)
    write_cut(tmp_path / "other" / "waves.mp3", 45.0, seconds=7.2)
    return tmp_path


def test_data_can_be_checked_before_training(classes: Path) -> None:
    """A row for each class, for other sounds and for backgrounds; then the problems. No file is written."""
    before = set(classes.glob("**/*"))
    done = check(classes)
    assert 0 == done.returncode, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()[1:5]]
    assert [["dog", "3", "-", "0.002"], ["rooster", "3", "-", "0.003"]] == [row[:4] for row in rows[:2]]
    assert ["2", "0"] == [row[-1] for row in rows[:2]]
    assert [["(no", "event)", "1", "0", "0.002", "-", "0"], ["(background)", "1", "0", "0.001", "-", "0"]] == rows[2:]
    total, skipped, silent = done.stdout.splitlines()[5:]
    assert ["(all)", "8", "-", "0.007"] == total.split()[:4]
    assert "2" == total.split()[-1]
    assert f"skipped: {classes}/dog/3.mp3: holds no audio" in skipped
    assert f"silent: {classes}/dog/2.wav: is labelled dog, but no sound in it lasts 80 ms" == silent
    assert before | {classes / "recipe.toml"} == set(classes.glob("**/*"))


def test_known_events_are_counted_and_measured(tmp_path: Path) -> None:
    """Each label of a recording by itself; a plus if some events are not known."""
    for name in ("a.wav", "b.wav"):
        write_cut(tmp_path / name, seconds=3.6)
    header = "filename onset offset event_label"
    write_table(
        tmp_path / "strong.tsv", header, "a.wav 0 1 dog", "a.wav 1 1.5 dog", "a.wav 2 2.1 dog", "a.wav 0 3 rain"
    )
    write_table(tmp_path / "weak.tsv", "filename event_labels", "b.wav dog,rain,wind")
    done = check(tmp_path, "[data]\nlabels = ['dog', 'rain']\nvalidation_folds = []\n[training]\nselect = 'last'\n")
    assert [
        "class  clips  events  hours  median s  problems",
        "dog        2      3+  0.002      0.50         2",
        "rain       2      1+  0.002      3.00         2",
        "(all)      2      4+  0.002      0.75         2",
        "unused: 2 clips: no event can be cut out of them; set [scenes] recordings in the recipe to train on whole "
        "recordings",
    ] == done.stdout.splitlines()
    assert 1 == done.returncode
    assert "in folds 1 no event of dog, rain sounds alone, so none can be cut out" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("recipe", "code", "message"),
    [
        ("[data]\nvalidation_folds = [7]\n", 1, "have no clip of dog, rooster; the data has the folds 1, 2, 4, 5"),
        ("[data]\nlabels = ['dig']\n", 2, "[data] labels: the data has no 'dig'; did you mean 'dog'?"),
        ("[decoding.cat]\n", 2, "[decoding] cat: the data has no such label"),
    ],
)
def test_a_recipe_that_does_not_fit_the_data_is_found(classes: Path, recipe: str, code: int, message: str) -> None:
    """Before hours of training."""
    done = check(classes, recipe)
    assert code == done.returncode
    assert message in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "{clips}", "--check-data", "--out", "x", "--resume"], "does not train; leave out --out, --resume"),
        (["--data", "{clips}", "--check-data", "--final", "x.ckpt"], "does not train; leave out --final"),
        (["--data", "{clips}", "--check-data", "--validation", "{clips}"], "does not train; leave out --validation"),
        (["--data", "{clips}", "--check-data", "--seed", "4294967296"], "4294967296 is not in the range 0<=x<="),
        (["--data", "", "--check-data"], "Invalid value for '--data': is empty; give a path, or ."),
    ],
)
def test_options_without_effect_are_wrong_usage(
    clips: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    """They are not ignored."""
    (tmp_path / "tiny.toml").write_text(TINY_RECIPE)
    given = [str(tmp_path / "tiny.toml"), *(argument.format(clips=clips) for argument in arguments)]
    done = CliRunner().invoke(train, given)
    assert (2, "") == (done.exit_code, done.stdout)
    assert message in done.stderr


def test_near_kinds_are_listed_by_a_model(clips: Path, tmp_path: Path) -> None:
    """Of the sounds that are none of its classes, by their own labels; others are said to be missing."""
    recipe = tmp_path / "recipe.toml"
    recipe.write_text("[data]\ntrain_folds = [1]\nvalidation_folds = [2]\n")
    others = tmp_path / "others" / "crowing"
    others.mkdir(parents=True)
    shutil.copy(clips / "audio" / "1-6-A-0.flac", others / "a.flac")
    asked = ["--check-data", "--model", shipped_model()]
    done = invoke(train, recipe, "--data", clips, "--data", others.parent, *asked)
    assert 0 == done.exit_code, done.stderr
    lines = dict(line.split(maxsplit=1) for line in done.stdout.splitlines()[-10:])
    assert ("crowing (100%)", "none: record such sounds") == (lines["rooster"], lines["sneezing"])
    assert "--model goes with --check-data" in invoke(train, recipe, "--data", clips, *asked[1:]).stderr
