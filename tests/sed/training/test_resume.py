import dataclasses
import shutil
from pathlib import Path

import pytest
import torch

from sed.network.checkpoint import load_checkpoint, save_checkpoint
from sed.recipe.config import DecodingConfig
from tests.conftest import TINY_RECIPE
from tests.sed.training.runs import train, train_and_kill


def test_a_killed_run_resumes_and_ends_as_an_uninterrupted_one(clips: Path, tmp_path: Path) -> None:
    """Killed after its first checkpoint and resumed, it leaves the same weights to the bit, whatever is random."""
    recipe = tmp_path / "tiny.toml"
    changes = (
        'steps = 12\nprecision = "bf16-mixed"\n[augment]\nmixup = 0.5\ntime_shift = 0.5\ngain_db = 6.0\ntime_masks = 1'
    )
    recipe.write_text(TINY_RECIPE.replace("steps = 4", "").replace("workers = 0", "workers = 1") + changes)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert 0 == train(recipe, "--data", clips, "--out", whole).exit_code
    train_and_kill(recipe, clips, broken)
    assert not (broken / "model.ckpt").exists()
    done = train(recipe, "--data", clips, "--out", broken, "--resume")
    assert 0 == done.exit_code, done.stderr
    assert "" == done.stdout
    expected, actual = (load_checkpoint(folder / "model.ckpt").detector.state_dict() for folder in (whole, broken))
    for name, weights in expected.items():
        assert torch.equal(weights, actual[name]), name


def test_a_folder_with_a_run_is_not_overwritten(tiny_run: Path, clips: Path, tmp_path: Path) -> None:
    """Unless the run is resumed."""
    (tmp_path / "tiny.toml").write_text(TINY_RECIPE)
    before = (tiny_run / "model.ckpt").read_bytes()
    done = train(tmp_path / "tiny.toml", "--data", clips, "--out", tiny_run)
    assert 2 == done.exit_code
    assert "already has a run; give --resume" in done.stderr
    assert before == (tiny_run / "model.ckpt").read_bytes()


@pytest.mark.slow
def test_a_finished_run_can_be_evaluated_again_with_other_decoding(tiny_run: Path, clips: Path, tmp_path: Path) -> None:
    """The weights stay, the thresholds and the card's texts change; any other change is refused."""
    shutil.copytree(tiny_run, tmp_path / "out")
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(TINY_RECIPE.replace("cuts of", "pieces of") + "[decoding.default]\non = 0.9\n")
    done = train(recipe, "--data", clips, "--out", tmp_path / "out", "--resume")
    assert 0 == done.exit_code, done.stderr
    before, after = (load_checkpoint(folder / "model.ckpt") for folder in (tiny_run, tmp_path / "out"))
    assert 0.9 == after.recipe.class_decoding("rooster").on
    assert "pieces of the demo recording" == after.training["data"]
    assert torch.equal(before.detector.head.classify_coarse.weight, after.detector.head.classify_coarse.weight)
    recipe.write_text(TINY_RECIPE.replace("steps = 4", "steps = 6"))
    done = train(recipe, "--data", clips, "--out", tmp_path / "out", "--resume")
    assert 2 == done.exit_code
    assert "a recipe that differs in training" in done.stderr


def test_a_run_killed_before_its_end_was_written_loses_nothing(tiny_run: Path, clips: Path, tmp_path: Path) -> None:
    """With only the last checkpoint left, --resume gives the averaged weights again, and keeps the metrics."""
    shutil.copytree(tiny_run, tmp_path / "out")
    (tmp_path / "out" / "model.ckpt").unlink()
    (tmp_path / "tiny.toml").write_text(TINY_RECIPE)
    done = train(tmp_path / "tiny.toml", "--data", clips, "--out", tmp_path / "out", "--resume")
    assert 0 == done.exit_code, done.stderr
    before, after = (load_checkpoint(folder / "model.ckpt").detector for folder in (tiny_run, tmp_path / "out"))
    for name, weights in before.state_dict().items():
        assert torch.equal(weights, after.state_dict()[name]), name
    assert (tiny_run / "metrics.csv").read_text() == (tmp_path / "out" / "metrics.csv").read_text()


@pytest.mark.slow
def test_a_run_cannot_be_resumed_with_other_labels(tiny_run: Path, clips: Path, tmp_path: Path) -> None:
    """A run keeps its labels, finished or not."""
    shutil.copytree(clips, tmp_path / "clips")
    table = tmp_path / "clips" / "meta" / "strong.tsv"
    table.write_text(table.read_text().replace("rooster", "cockerel"))
    (tmp_path / "tiny.toml").write_text(TINY_RECIPE)
    shutil.copytree(tiny_run, tmp_path / "out")
    for _ in ("finished", "not finished"):
        done = train(tmp_path / "tiny.toml", "--data", tmp_path / "clips", "--out", tmp_path / "out", "--resume")
        assert 1 == done.exit_code
        assert "started with the labels chainsaw, rooster" in done.stderr
        (tmp_path / "out" / "model.ckpt").unlink(missing_ok=True)


@pytest.mark.parametrize("content", [b"no checkpoint", None], ids=["damaged", "another program's"])
def test_what_is_not_a_run_cannot_be_resumed(clips: Path, tmp_path: Path, content: bytes | None) -> None:
    """The error is one line."""
    (tmp_path / "tiny.toml").write_text(TINY_RECIPE)
    (tmp_path / "out").mkdir()
    last = tmp_path / "out" / "last.ckpt"
    if content is None:
        torch.save({"weights": torch.zeros(1)}, last)
    else:
        last.write_bytes(content)
    done = train(tmp_path / "tiny.toml", "--data", clips, "--out", tmp_path / "out", "--resume")
    assert 1 == done.exit_code
    assert "last.ckpt: is not" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


PATIENT = (
    TINY_RECIPE.replace(
        "[training]", '[training]\nselect = "loss"\npatience = 2\nlearning_rate = 3.0\nema_decay = 0.01'
    )
    .replace("validate_every_steps = 2", "validate_every_steps = 1")
    .replace("steps = 4", "steps = 40")
)


@pytest.mark.slow
def test_a_run_with_patience_resumes_also_in_another_folder(clips: Path, tmp_path: Path) -> None:
    """Killed, moved to another folder and resumed, it ends as early and with the same best weights."""
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(PATIENT)
    whole, broken, moved = (tmp_path / name for name in ("whole", "broken", "moved"))
    assert 0 == train(recipe, "--data", clips, "--out", whole).exit_code
    train_and_kill(recipe, clips, broken)
    broken.rename(moved)
    done = train(recipe, "--data", clips, "--out", moved, "--resume")
    assert 0 == done.exit_code, done.stderr
    expected, actual = (load_checkpoint(folder / "model.ckpt").detector.state_dict() for folder in (whole, moved))
    assert all(torch.equal(weights, actual[name]) for name, weights in expected.items())
    steps = [torch.load(folder / "last.ckpt", weights_only=True)["global_step"] for folder in (whole, moved)]
    assert steps[0] == steps[1] < 40
    # Killed after it had stopped and before its end was written, it does not go on.
    (whole / "model.ckpt").unlink()
    assert 0 == train(recipe, "--data", clips, "--out", whole, "--resume").exit_code
    assert steps[0] == torch.load(whole / "last.ckpt", weights_only=True)["global_step"]


@pytest.mark.slow
def test_resume_keeps_tuned_settings_and_metrics(tiny_run: Path, clips: Path, tmp_path: Path) -> None:
    """Settings that the recipe does not have stay; those that it has are applied."""
    shutil.copytree(tiny_run, tmp_path / "out")
    path = tmp_path / "out" / "model.ckpt"
    before = load_checkpoint(path)
    tuned = dataclasses.replace(before.recipe, decoding={"rooster": DecodingConfig(on=0.77)})
    save_checkpoint(path, dataclasses.replace(before, recipe=tuned, validation={"event_f1_macro": 0.5}))
    (tmp_path / "tiny.toml").write_text(TINY_RECIPE)
    assert 0 == train(tmp_path / "tiny.toml", "--data", clips, "--out", tmp_path / "out", "--resume").exit_code
    after = load_checkpoint(path)
    assert (0.77, {"event_f1_macro": 0.5}) == (after.recipe.class_decoding("rooster").on, after.validation)
    (tmp_path / "tiny.toml").write_text(TINY_RECIPE.replace("lookahead = 0.5", "lookahead = 1.0"))
    assert 0 == train(tmp_path / "tiny.toml", "--data", clips, "--out", tmp_path / "out", "--resume").exit_code
    after = load_checkpoint(path)
    assert (0.77, 1.0, {}) == (
        after.recipe.class_decoding("rooster").on,
        after.recipe.stream.lookahead,
        after.validation,
    )
