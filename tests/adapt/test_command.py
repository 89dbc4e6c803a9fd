"""The whole way: clips of a model with careless thresholds, reviews by the truth, a better model."""

import csv
import dataclasses
from pathlib import Path

import pytest

from adapt.command import adapt_command
from edge.model.inference import Model
from edge.model.library import shipped_model
from edge.model.rewriting import with_card
from review.store import OTHER, RIGHT, WRONG, ReviewFile, read_clips
from tests.conftest import DEMO, invoke, made_once, run

DAYS = ("first", "second")


@pytest.fixture(scope="session")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model whose thresholds are far too low, `careless.onnx`, and its reviewed `clips`."""
    return made_once(tmp_path_factory, "reviewed", review)


def review(folder: Path) -> None:
    """Fill the folder of `reviewed`."""
    card = Model(shipped_model()).card
    low = {label: dataclasses.replace(one, on=0.01, off=0.005) for label, one in card.decoding.items()}
    careless = dataclasses.replace(card, decoding=low)
    (folder / "careless.onnx").write_bytes(with_card(shipped_model().read_bytes(), careless, "careless.onnx"))
    days = [f"{day}={DEMO}" for day in DAYS]
    options = [part for day in DAYS for part in ("--started-at", f"{day}=2026-05-0{DAYS.index(day) + 1}T12:00:00Z")]
    named = [part for day in days for part in ("--name", day)]
    model, clips = folder / "careless.onnx", folder / "clips"
    done = run("sed-stream", *named, *options, "--model", model, "--clips", clips, "--labels", "dog,rooster,sea_waves")
    assert 0 == done.returncode, done.stderr
    with DEMO.with_suffix(".tsv").open() as file:
        truth = [
            (float(row["onset"]), float(row["offset"]), row["event_label"])
            for row in csv.DictReader(file, delimiter="\t")
        ]
    reviews = ReviewFile(folder / "clips")
    for clip in read_clips(folder / "clips"):
        onset = clip.begin_seconds % 3600 + clip.onset  # the recording began at noon
        offset = onset + clip.offset - clip.onset
        there = sorted({label for on, off, label in truth if onset < off and on < offset})
        verdict = RIGHT if clip.label in there else OTHER if there else WRONG
        reviews.append(clip.review(verdict, label=there[0] if verdict == OTHER else None))


def test_careless_thresholds_become_better(reviewed: Path, tmp_path: Path) -> None:
    """The new file says what it came from, reports as many right events, and has fewer false alarms."""
    out = tmp_path / "new.onnx"
    done = invoke(adapt_command, reviewed / "careless.onnx", reviewed / "clips", "--aim", "event-f1", "--out", out)
    assert 0 == done.exit_code, done.output
    old, new = (Model(path, "cpu").card for path in (reviewed / "careless.onnx", out))
    assert new.model_id == old.model_id
    origin = new.validation
    assert ("thresholds", old.model_id) == (origin["adapted"], origin["parent_model"])
    before, after = origin["held_out"]["false_alarms"]
    assert after < before


def test_what_is_no_better_is_not_written(reviewed: Path, tmp_path: Path) -> None:
    """The shipped model has good thresholds already, and says nothing wrong of its demo recording."""
    out = tmp_path / "new.onnx"
    done = invoke(adapt_command, "esc10", reviewed / "clips", "--out", out)
    assert 1 == done.exit_code, done.output
    assert "Nothing was written" in done.output
    assert not out.exists()


def test_a_trained_network_is_judged_on_the_days_that_training_held_out(reviewed: Path, tmp_path: Path) -> None:
    """The shipped model beside the careless one."""
    out, careless = tmp_path / "new.onnx", reviewed / "careless.onnx"
    stage = ("--stage", "network", "--out", out)
    assert "--trained NEW.onnx" in invoke(adapt_command, careless, reviewed / "clips", *stage).output
    done = invoke(adapt_command, careless, reviewed / "clips", *stage, "--trained", shipped_model())
    assert 0 == done.exit_code, done.output
    assert "network" == Model(out, "cpu").card.validation["adapted"]
