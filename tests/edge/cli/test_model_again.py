"""SIGHUP while sed-stream hears: a better model file, the same one, and a broken one."""

import dataclasses
import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from edge.model.inference import Model
from edge.model.library import shipped_model
from edge.model.rewriting import with_card
from tests.conftest import DEMO, command

pytestmark = pytest.mark.realtime


def write_model(path: Path, model: Model, on: float) -> None:
    """The shipped model with another threshold of dogs, in one step."""
    decoding = {**model.card.decoding, "dog": dataclasses.replace(model.card.decoding["dog"], on=on, off=on)}
    card = dataclasses.replace(model.card, decoding=decoding)
    part = path.with_suffix(".part")
    part.write_bytes(with_card(shipped_model().read_bytes(), card, "model"))
    part.replace(path)


def test_sighup_takes_a_new_model_and_refuses_a_broken_one(model: Model, tmp_path: Path) -> None:
    """Two signals at once are one change; the broken file is a warning in the log; no sound is missing."""
    path, log = tmp_path / "model.onnx", tmp_path / "events.jsonl"
    write_model(path, model, 0.9)
    arguments = [DEMO, "--realtime", "--duration", "17", "--model", path, "--hop", "0.5", "--out", log]
    with subprocess.Popen(
        [command("sed-stream"), *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        records = [json.loads(process.stdout.readline())]
        write_model(path, model, 0.5)
        for _ in range(2):
            process.send_signal(signal.SIGHUP)
        records.append(next_of(process, "event"))
        path.write_bytes(b"broken")
        process.send_signal(signal.SIGHUP)
        records += [json.loads(line) for line in process.stdout]
    assert 0 == process.returncode
    (changed,) = [record for record in records if record["type"] == "model"]
    assert 0.5 == changed["decoding"]["dog"]["on"]
    (warning,) = [record["detail"] for record in records if record["type"] == "source" and record["state"] == "warning"]
    assert warning.startswith("the model stays as it is")
    (stats,) = [record for record in records if record["type"] == "stats"]
    assert (17.0, 1.0) == (stats["audio_seconds"], stats["coverage"])


def next_of(process: "subprocess.Popen[str]", kind: str) -> dict[str, Any]:
    """The next record of a type that the process prints."""
    assert process.stdout is not None
    while True:
        record: dict[str, Any] = json.loads(process.stdout.readline())
        if record["type"] == kind:
            return record
