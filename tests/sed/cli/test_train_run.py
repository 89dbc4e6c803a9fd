import dataclasses
import re
import shutil
from pathlib import Path

import pytest
import torch

from sed.network.checkpoint import load_checkpoint, make_card, save_checkpoint
from sed.recipe.config import DecodingConfig
from tests.conftest import ROOT, TINY_RECIPE
from tests.sed.cuts import DOG, ROOSTER, write_cut
from tests.sed.training.runs import train


@pytest.mark.parametrize(
    ("recipe", "data", "more", "code", "message"),
    [
        ("none.toml", "{clips}", [], 2, "none.toml: cannot be read"),
        ("tiny.toml", "{tmp}", [], 1, "has no layout of labels that is known"),
        ("tiny.toml", "{clips}", ["--resume"], 2, "has no last.ckpt to resume from"),
        ("tiny.toml", "{clips}", ["--validation", "{tmp}/none"], 1, "is not a folder"),
        (
            "tiny.toml",
            "{tmp}/none",
            ["--out", "{tmp}/tiny.toml/out"],
            2,
            "{tmp}/tiny.toml/out: {tmp}/tiny.toml cannot be written to",
        ),
    ],
)
def test_bad_input_gets_one_clear_line(
    clips: Path, tmp_path: Path, recipe: str, data: str, more: list[str], code: int, message: str
) -> None:
    """Before anything is written."""
    (tmp_path / "tiny.toml").write_text(TINY_RECIPE)
    places = {"clips": clips, "tmp": tmp_path}
    arguments = [part.format(**places) for part in (f"{{tmp}}/{recipe}", "--data", data, *more)]
    done = train(arguments[0], "--out", tmp_path / "out", *arguments[1:])
    assert code == done.exit_code
    assert message.format(**places) in done.stderr
    assert 1 == len(done.stderr.splitlines())
    assert not (tmp_path / "out").exists()


def test_a_run_can_be_evaluated_on_recordings(clips: Path, tmp_path: Path) -> None:
    """The metrics are stored in the checkpoint, and later in the card."""
    shutil.copytree(clips / "audio", tmp_path / "recordings")
    (tmp_path / "recordings" / "1-6-A-0.tsv").write_text("onset\toffset\tevent_label\n0.5\t2.6\trooster\n")
    (tmp_path / "tiny.toml").write_text(TINY_RECIPE)
    done = train(
        tmp_path / "tiny.toml", "--data", clips, "--out", tmp_path / "out", "--validation", tmp_path / "recordings"
    )
    assert 0 == done.exit_code, done.stderr
    figures = load_checkpoint(tmp_path / "out" / "model.ckpt").validation
    assert {"rooster"} == set(figures["event_f1"])
    assert 0.0 <= figures["segment_f1_macro"] <= 1.0
    assert figures["false_alarms_per_hour"] >= 0.0
    assert "macro average" in done.stdout


def test_the_final_model_is_trained_on_all_folds(tiny_run: Path, clips: Path, tmp_path: Path) -> None:
    """With the decoder settings and the metrics of the reference model, which are marked as such."""
    chosen = load_checkpoint(tiny_run / "model.ckpt")
    tuned = dataclasses.replace(chosen.recipe, decoding={"rooster": DecodingConfig(on=0.77)})
    changes = {"recipe": tuned, "validation": {"psds1": 0.5}, "training_files": chosen.training_files | {"a file"}}
    save_checkpoint(tmp_path / "chosen.ckpt", dataclasses.replace(chosen, **changes))
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(TINY_RECIPE)
    run = (recipe, "--data", clips, "--out", tmp_path / "out", "--final", tmp_path / "chosen.ckpt")
    assert 2 == train(*run, "--validation", clips).exit_code
    done = train(*run)
    assert 0 == done.exit_code
    assert "1 of the 4 files that the model of --final was trained on are not in this data" in done.stderr
    final = load_checkpoint(tmp_path / "out" / "model.ckpt")
    assert ([1, 2], 4) == (final.training["folds"], final.training["clips"])
    assert 0.77 == final.recipe.class_decoding("rooster").on
    assert {"model": "reference model, not trained on fold 2", "psds1": 0.5} == final.validation
    recipe.write_text(TINY_RECIPE + "[augment]\nmixup = 0.5\n")
    other = train(recipe, "--data", clips, "--out", tmp_path / "new", "--final", tmp_path / "chosen.ckpt")
    assert 2 == other.exit_code
    assert "differs in augment" in other.stderr
    assert not (tmp_path / "new").exists()


def test_a_run_begins_with_the_weights_of_another(tiny_run: Path, clips: Path, tmp_path: Path) -> None:
    """Which the card names, and whose files count as trained on; a network of another shape is refused at once."""
    recipe, start = tmp_path / "tiny.toml", tiny_run / "model.ckpt"
    recipe.write_text(TINY_RECIPE + "learning_rate = 1e-9\n")
    run = (recipe, "--data", clips, "--out", tmp_path / "out", "--start", start)
    recipe.write_text(recipe.read_text().replace("train_folds = [1]\nvalidation_folds = [2]", "validation_folds = [1]"))
    assert 0 == train(*run).exit_code
    before, after = load_checkpoint(start), load_checkpoint(tmp_path / "out" / "model.ckpt")
    assert make_card(before).model_id == after.training["started_from"]
    assert before.training_files < after.training_files
    for mine, its in zip(after.detector.parameters(), before.detector.parameters(), strict=True):
        torch.testing.assert_close(mine, its, atol=1e-6, rtol=0)
    recipe.write_text(TINY_RECIPE.replace("widths = [4, 8]", "widths = [4, 6]"))
    other = train(recipe, "--data", clips, "--out", tmp_path / "other", "--start", start)
    assert 2 == other.exit_code
    assert "another network: widths ((4, 8) there, (4, 6) here); give the recipe its [frontend]" in other.stderr
    assert not (tmp_path / "other").exists()


@pytest.mark.slow
def test_the_final_model_has_the_labels_of_its_reference_model(tiny_run: Path, clips: Path, tmp_path: Path) -> None:
    """Data with another label would give it a class without settings and metrics."""
    recipe, run = tmp_path / "tiny.toml", (tmp_path / "tiny.toml", "--data", clips, "--out")
    recipe.write_text(TINY_RECIPE)
    again = train(*run, tmp_path / "final", "--final", tiny_run / "model.ckpt")
    assert "not in this data" not in again.stderr
    shutil.rmtree(tmp_path / "final")
    write_cut(tmp_path / "more" / "dog" / "a.wav", DOG)
    final = (*run, tmp_path / "final", "--data", tmp_path / "more", "--final", tiny_run / "model.ckpt")
    done = train(*final)
    assert 1 == done.exit_code
    assert "started with the labels chainsaw, rooster, but the data now has chainsaw, dog, rooster" in done.stderr
    assert not (tmp_path / "final").exists()


def test_one_sound_is_enough(tmp_path: Path) -> None:
    """Among other sounds, from a folder to a model."""
    for number in range(5):
        write_cut(tmp_path / "data" / "dog" / f"{number}.wav", DOG - number / 10)
        write_cut(tmp_path / "data" / "other" / f"{number}.wav", ROOSTER + number / 10)
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(TINY_RECIPE.replace("train_folds = [1]\nvalidation_folds = [2]", "validation_folds = [5]"))
    done = train(recipe, "--data", tmp_path / "data", "--out", tmp_path / "out")
    assert 0 == done.exit_code, done.stderr
    assert ("dog",) == load_checkpoint(tmp_path / "out" / "model.ckpt").labels


def test_clips_that_are_not_trained_on_are_warned_of_and_not_counted(clips: Path, tmp_path: Path) -> None:
    """Before training those of which no scene is made; at the end once more those that could not be read."""
    weak, more = tmp_path / "weak", tmp_path / "more"
    weak.mkdir()
    (more / "other").mkdir(parents=True)
    (more / "other" / "broken.wav").write_text("no sound")
    for name in ("0.flac", "1.flac"):
        shutil.copy(clips / "audio" / "1-6-A-0.flac", weak / name)
    (weak / "weak.tsv").write_text("filename\tevent_labels\n0.flac\trooster,chainsaw\n1.flac\trooster,chainsaw\n")
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(TINY_RECIPE.replace("train_folds = [1]", "train_folds = [1, 5]"))
    run = (recipe, "--data", clips, "--data", weak, "--data", more)
    done = train(*run, "--out", tmp_path / "out")
    assert 0 == done.exit_code, done.stderr
    assert "2 of 4 labelled clips are not trained on: no event can be cut out of them; set [scenes] rec" in done.stderr
    *_, wrote, skipped = done.stderr.splitlines()
    assert wrote.startswith("wrote ")
    assert "1 of 9 files were skipped, see the warnings above" == skipped
    assert 2 == load_checkpoint(tmp_path / "out" / "model.ckpt").training["clips"]
    recipe.write_text(recipe.read_text().replace("[scenes]\n", "[scenes]\nrecordings = 0.5\n"))
    done = train(*run, "--out", tmp_path / "whole")
    assert "not trained on" not in done.stderr
    assert 4 == load_checkpoint(tmp_path / "whole" / "model.ckpt").training["clips"]


@pytest.mark.parametrize("name", ["quick", "own", "esc10", "mid"])
def test_a_recipe_trains(name: str, clips: Path, tmp_path: Path) -> None:
    """As it is, but for the number of steps and scenes, these clips with their folds and labels, and another seed."""
    data = {"labels": "[]", "train_folds": "[]", "validation_folds": "[2]", "validation_scenes": 2}
    training = {"steps": 4, "batch_size": 2, "warmup_steps": 2, "validate_every_steps": 2}
    text = (ROOT / "recipes" / f"{name}.toml").read_text()
    text = re.sub(rf"^({'|'.join(data | training)}) = (\[\n(    .*\n)*\]\n|.*\n)", "", text, flags=re.MULTILINE)
    for table, values in (("data", data), ("training", training)):
        lines = "".join(f"{key} = {value}\n" for key, value in values.items())
        assert f"\n[{table}]\n" in text
        text = text.replace(f"[{table}]\n", f"[{table}]\n{lines}")
    (tmp_path / f"{name}.toml").write_text(text)
    done = train(tmp_path / f"{name}.toml", "--data", clips, "--out", tmp_path / "out", "--seed", 7)
    assert 0 == done.exit_code, done.stderr
    trained = load_checkpoint(tmp_path / "out" / "model.ckpt")
    assert (("chainsaw", "rooster"), 7) == (trained.labels, trained.recipe.training.seed)


def test_few_clips_make_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """recipes/few.toml as it is, but for its length: a folder per class in, a model and the next command out."""
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "recipes" / "few.toml").read_text()
    for name, value in (("steps", 2), ("batch_size", 2), ("warmup_steps", 1), ("workers", 0)):
        text = re.sub(rf"^{name} = \d+", f"{name} = {value}", text, flags=re.MULTILINE)
    Path("few.toml").write_text(re.sub(r"^validate_every_steps = \d+", "validate_every_steps = 1", text, flags=re.M))
    for number in range(5):
        write_cut(Path("my-sounds") / "rooster" / f"{number}.wav", ROOSTER + number / 20, seconds=2.0)
        write_cut(Path("my-sounds") / "dog" / f"{number}.wav", DOG - number / 20)
    write_cut(Path("my-sounds") / "background" / "hour.ogg", seconds=40.0)
    done = train("few.toml", "--data", "my-sounds")
    assert 0 == done.exit_code, done.stderr
    assert "wrote runs/few/model.ckpt; next: sed-export runs/few/model.ckpt few.onnx" == done.stderr.splitlines()[-1]
    trained = load_checkpoint(Path("runs/few/model.ckpt"))
    assert (("dog", "rooster"), 10) == (trained.labels, trained.training["clips"])
    for number in range(4):
        Path(f"my-sounds/dog/{number}.wav").unlink()
    again = train("few.toml", "--data", "my-sounds", "--out", "again")
    assert (1, False) == (again.exit_code, Path("again").exists())
    assert "too few sounds to train on: dog (1); at least 5" in again.stderr.splitlines()[-1]
