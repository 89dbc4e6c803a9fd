import shutil
import tomllib
from pathlib import Path

import onnx
import pytest
from click.testing import CliRunner, Result

from edge.model.inference import Model
from edge.model.library import shipped_model
from export import write
from export.cli.export import export
from sed.cli.tune import tune as tune_command
from sed.network.checkpoint import Checkpoint, load_checkpoint, make_card
from sed.recipe.config import DecodingConfig
from tests.conftest import invoke


def test_settings_that_cannot_be_written_are_not_lost(tiny_run: Path, clips: Path, tmp_path: Path) -> None:
    """An unwritable folder is refused before the work; else stdout has them and one line names the error."""
    path = Path(shutil.copy(tiny_run / "model.ckpt", tmp_path))
    before = path.read_bytes()
    (tmp_path / "model.ckpt.part").mkdir()
    done = CliRunner().invoke(tune_command, [str(path), "--data", str(clips)])
    assert 1 == done.exit_code
    assert {"chainsaw", "rooster"} == set(tomllib.loads(done.stdout)["decoding"])
    assert "Is a directory" in done.stderr.splitlines()[-1]
    assert before == path.read_bytes()


@pytest.fixture(scope="module")
def tuned(tiny_run: Path, clips: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """A copy of the short training's checkpoint, tuned, and what the command said."""
    path = Path(shutil.copy(tiny_run / "model.ckpt", tmp_path_factory.mktemp("tuned")))
    arguments = [path, "--data", clips, "--aim", "false-alarms=100000"]
    done = invoke(tune_command, *arguments)
    assert 0 == done.exit_code, done.stderr
    return path, done


def test_the_command_writes_into_the_checkpoint(tuned: tuple[Path, Result]) -> None:
    """Settings and metrics; stdout has the settings as a recipe's tables."""
    path, done = tuned
    checkpoint = load_checkpoint(path)
    tables = tomllib.loads(done.stdout)["decoding"]
    assert {label: config.to_dict() for label, config in checkpoint.recipe.decoding.items()} == tables
    assert {"chainsaw", "rooster"} == set(tables)
    assert "false-alarms=100000" == make_card(checkpoint).validation["tuned_for"]
    assert ["before", "after"] == [line for line in done.stderr.splitlines() if line in ("before", "after")]
    assert f"wrote {path}; next: sed-export {path} tiny.onnx" == done.stderr.splitlines()[-1]
    assert ["model.ckpt"] == [file.name for file in path.parent.iterdir()]


def test_tuned_settings_reach_the_exported_file(
    tiny_checkpoint: Checkpoint,
    tiny_file: Path,
    tuned: tuple[Path, Result],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Through the checkpoint's card, in frames; they are not what the training left."""
    path, done = tuned
    monkeypatch.setattr(write, "to_onnx", lambda *_, **__: onnx.load(tiny_file))  # of the same weights
    exported = invoke(export, path, tmp_path / "tuned.onnx")
    assert 0 == exported.exit_code, exported.stderr
    card = make_card(load_checkpoint(path))
    chosen = {
        label: DecodingConfig.from_dict(table, label).to_frames(card.frame_seconds)
        for label, table in tomllib.loads(done.stdout)["decoding"].items()
    }
    assert chosen == card.decoding == Model(tmp_path / "tuned.onnx").card.decoding
    assert chosen != make_card(tiny_checkpoint).decoding


def test_an_exported_file_is_tuned_into_a_new_one(
    tiny_file: Path, clips: Path, tuned: tuple[Path, Result], tmp_path: Path
) -> None:
    """With the settings that its checkpoint would get, and the same graph; the file itself stays."""
    before, out = tiny_file.read_bytes(), tmp_path / "tuned.onnx"
    done = invoke(tune_command, tiny_file, "--data", clips, "--aim", "false-alarms=100000", "--out", out)
    assert (0, tuned[1].stdout) == (done.exit_code, done.stdout), done.stderr
    assert f"wrote {out}; next: sed-stream SOURCE --model {out}" == done.stderr.splitlines()[-1]
    card, expected = Model(out).card, make_card(load_checkpoint(tuned[0]))
    assert (expected.decoding, expected.validation["tuned_for"]) == (card.decoding, card.validation["tuned_for"])
    assert onnx.load(tiny_file).graph == onnx.load(out).graph
    assert before == tiny_file.read_bytes()


def test_what_cannot_be_tuned_is_not_changed(tiny_run: Path, clips: Path, tmp_path: Path) -> None:
    """Without a place for it, a run's own checkpoint, an aim that cannot be met: one line each, nothing is written."""
    path = tmp_path / "model.ckpt"
    shutil.copy(tiny_run / "model.ckpt", path)
    before = path.read_bytes()
    only = ("--data", clips, "--fold", "1")
    for arguments, message in (
        ((shipped_model(), *only), "an .onnx with --data needs --out FILE.onnx"),
        ((shipped_model(), *only, "--out", shipped_model()), "exists; give --force to overwrite it"),
        ((path, *only, "--out", tmp_path / "new.ckpt"), "are written into it; leave out --out and --force"),
        ((tiny_run / "last.ckpt", *only), "give the model.ckpt that sed-train wrote"),
        ((path, *only, "--aim", "loudness"), "expected event-f1, psds1 or false-alarms=N"),
        ((path, "--data", tmp_path / "none"), "is not a folder; give a folder of audio files"),
    ):
        done = CliRunner().invoke(tune_command, [str(argument) for argument in arguments])
        assert done.exit_code in (1, 2)
        assert message in done.stderr
        assert (1, "") == (len(done.stderr.splitlines()), done.stdout)
    assert before == path.read_bytes()
