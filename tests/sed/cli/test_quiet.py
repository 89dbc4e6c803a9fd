import hashlib
import json
import tomllib
from pathlib import Path

import pytest

from edge.cli.stream import stream
from edge.model.inference import Model
from edge.model.library import shipped_model
from sed.cli.tune import tune
from tests.conftest import DEMO, invoke, made_once, run_without


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the scores and the log of the demo recording, which is to pass for a quiet night."""

    def listen(folder: Path) -> None:
        invoke(stream, DEMO, "--scores", folder / "scores.npz", "--out", folder / "events.jsonl")

    return made_once(tmp_path_factory, "night", listen)


def events(*arguments: object) -> list[tuple[str, float]]:
    """Label and onset of what the runtime logs."""
    records = map(json.loads, invoke(stream, DEMO, *arguments).stdout.splitlines())
    return [(one["label"], one["onset"]) for one in records if one["type"] == "event"]


def test_a_quiet_night_is_quiet_with_the_new_file(night: Path, tmp_path: Path) -> None:
    """But for scores of 1. The card says of what file and hours it comes, and settings alone do the same."""
    done = invoke(tune, shipped_model(), "--quiet", night / "scores.npz", "--out", tmp_path / "porch.onnx")
    assert 0 == done.exit_code, done.stderr
    card, before = Model(tmp_path / "porch.onnx").card, Model(shipped_model()).card
    assert hashlib.sha256(shipped_model().read_bytes()).hexdigest() == card.validation["parent_sha256"]
    assert before.validation == card.validation["parent_validation"]
    assert before.model_id == card.model_id
    assert "the next 0.0156 h" == card.validation["false_alarms_bound_on"]
    assert "quiet hours, on the next 0.0156 h at most " in done.stderr
    left = events("--model", tmp_path / "porch.onnx")
    assert len(left) == round(card.validation["false_alarms_per_hour"] * 56 / 3600) < 4 < len(events())
    invoke(tune, shipped_model(), "--quiet", night / "scores.npz", "--out", tmp_path / "porch.toml")
    raised = {label: one.on for label, one in card.decoding.items() if one.on != before.decoding[label].on}
    assert raised == tomllib.loads((tmp_path / "porch.toml").read_text())["threshold"]
    assert left == events("--config", tmp_path / "porch.toml")


def test_right_events_are_no_false_alarms(night: Path, tmp_path: Path) -> None:
    """The log without the lines of one label: only that label becomes stricter."""
    lines = (night / "events.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "right.jsonl").write_text("".join(line for line in lines if '"label": "rooster"' not in line))
    out = tmp_path / "porch.onnx"
    done = invoke(
        tune, shipped_model(), "--quiet", night / "scores.npz", "--right", tmp_path / "right.jsonl", "--out", out
    )
    assert 0 == done.exit_code, done.stderr
    assert [one for one in events() if one[0] != "rooster"] == events("--model", out)
    assert "right events: 11 of 11 are still reported" in done.stderr


def test_recordings_do_as_well_as_scores(night: Path, tmp_path: Path) -> None:
    """Of the same sound, to the byte."""
    for name, quiet in (("a.toml", night / "scores.npz"), ("b.toml", DEMO)):
        invoke(tune, shipped_model(), "--quiet", quiet, "--out", tmp_path / name)
    assert (tmp_path / "a.toml").read_text() == (tmp_path / "b.toml").read_text()


def test_an_aim_out_of_reach_is_refused(night: Path, tmp_path: Path) -> None:
    """With how many hours would do; nothing is written."""
    arguments = (shipped_model(), "--quiet", night / "scores.npz", "--out", tmp_path / "porch.onnx", "--aim")
    done = invoke(tune, *arguments, "false-alarms=2/day")
    assert (2, []) == (done.exit_code, list(tmp_path.iterdir()))
    assert "give more hours: 36 h without a false alarm would do" in done.stderr
    assert 0 == invoke(tune, *arguments, "false-alarms=20000").exit_code
    assert Model(tmp_path / "porch.onnx").card.decoding == Model(shipped_model()).card.decoding


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--quiet", DEMO), "--quiet goes with --out FILE"),
        (("--quiet", DEMO, "--out", "porch.json"), "expected a new model file (.onnx), or settings"),
        (("--quiet", "none.npz", "--out", "porch.onnx"), "none.npz: no such scores"),
        (("--quiet", DEMO, "--out", "porch.onnx", "--aim", "psds1"), "expected false-alarms=N, N per hour, or N/day"),
        (("--quiet", DEMO, "--out", "porch.onnx", "--right", DEMO.with_suffix(".tsv")), "line 1 is no record of a log"),
        ((), "give --data FOLDER, or --quiet SCORES with --out FILE"),
    ],
)
def test_what_cannot_be_done_is_an_error(arguments: tuple[object, ...], message: str) -> None:
    """That names the option."""
    done = invoke(tune, shipped_model(), *arguments)
    assert done.exit_code in (1, 2)
    assert message in done.stderr
    assert not Path("porch.onnx").exists()


def test_it_needs_no_torch(night: Path, tmp_path: Path) -> None:
    """Nor anything else that training needs."""
    arguments = [str(shipped_model()), "--quiet", str(night / "scores.npz"), "--out", str(tmp_path / "a.onnx")]
    done = run_without(
        f"from sed.cli.tune import tune; tune({arguments!r})", ("torch", "scipy", "onnx", "tqdm", "sed_scores_eval")
    )
    assert (0, True) == (done.returncode, (tmp_path / "a.onnx").exists()), done.stderr
