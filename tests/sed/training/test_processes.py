import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
import torch

from sed.network.checkpoint import load_checkpoint
from tests.conftest import TINY_RECIPE
from tests.edge.live.servers import free_port
from tests.sed.training.runs import train


def test_two_processes_share_every_batch_and_the_gradients(clips: Path, tmp_path: Path) -> None:
    """Launched by --devices, each mixes its own half of what one process would, and both get the same weights."""
    scenes, checkpoints = [], []
    for devices in (1, 2):
        out = tmp_path / str(devices)
        (tmp_path / "tiny.toml").write_text(TINY_RECIPE)
        arguments = [tmp_path / "tiny.toml", "--data", clips, "--out", out, "--devices", devices]
        script = tmp_path / "train.py"
        script.write_text(
            RECORDING_SCRIPT.format(scenes=tmp_path / f"scenes{devices}", weights=tmp_path / f"weights{devices}")
        )
        done = subprocess.run(
            [sys.executable, script, *map(str, arguments)], capture_output=True, text=True, check=False
        )
        assert 0 == done.returncode, done.stderr
        scenes.append([set(path.read_text().split()) for path in sorted(tmp_path.glob(f"scenes{devices}.*"))])
        checkpoints.append(load_checkpoint(out / "model.ckpt"))
    (whole,), (first, second) = scenes
    assert 8 == len(whole)
    assert (whole, set()) == (first | second, first & second)
    assert checkpoints[0].labels == checkpoints[1].labels
    assert 4 == torch.load(tmp_path / "2" / "last.ckpt", weights_only=True)["global_step"]
    ours, theirs = (torch.load(tmp_path / f"weights2.{rank}") for rank in (0, 1))
    assert all(torch.equal(mine, other) for mine, other in zip(ours, theirs, strict=True))


# sed-train, which also writes the scenes that each process trains on, and its last weights, to files.
RECORDING_SCRIPT = """
import os
import torch
from sed.training import module
from sed.cli.train import train

mixed = module.SceneDataset.__getitem__


def noted(self, index):
    if self._seed[1] == 0:
        with open("{scenes}." + os.environ.get("LOCAL_RANK", "0"), "a") as file:
            file.write(f"{{self._first + index}}\\n")
    return mixed(self, index)


module.SceneDataset.__getitem__ = noted
module.TrainingModule.on_train_end = lambda self: torch.save(
    list(self.parameters()), f"{weights}.{{self.global_rank}}"
)
train()
"""


@pytest.mark.slow
def test_two_machines_train_together(clips: Path, tmp_path: Path) -> None:
    """With the environment that Lightning documents; both get the same weights, one writes the model."""
    (tmp_path / "tiny.toml").write_text(TINY_RECIPE)
    script = tmp_path / "train.py"
    script.write_text(RECORDING_SCRIPT.format(scenes=tmp_path / "scenes", weights=tmp_path / "weights"))
    meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    arguments = [sys.executable, script, tmp_path / "tiny.toml", "--data", clips, "--nodes", "2", "--out"]
    with ExitStack() as stack:
        machines = []
        for rank in "01":
            log = stack.enter_context((tmp_path / f"{rank}.log").open("w"))
            environment = {**os.environ, **meeting, "NODE_RANK": rank}
            process = subprocess.Popen([*arguments, tmp_path / rank], env=environment, stderr=log)
            stack.callback(process.wait)
            stack.callback(process.kill)  # one that waits for the other
            machines.append(process)
        for rank, process in zip("01", machines, strict=True):
            code = process.wait(timeout=300)
            said = (tmp_path / f"{rank}.log").read_text()
            assert 0 == code, said
            assert "MEMBER: " in said
    assert (True, False) == tuple((tmp_path / rank / "model.ckpt").exists() for rank in "01")
    ours, theirs = (torch.load(tmp_path / f"weights.{rank}") for rank in "01")
    assert all(torch.equal(mine, other) for mine, other in zip(ours, theirs, strict=True))
    scenes = (tmp_path / "scenes.0").read_text().split()
    assert 8 == len(scenes) == len(set(scenes))  # each mixed by one of them


def test_a_batch_that_cannot_be_shared_is_refused(clips: Path, tmp_path: Path) -> None:
    """Before any process is started."""
    (tmp_path / "tiny.toml").write_text(TINY_RECIPE)
    done = train(tmp_path / "tiny.toml", "--data", clips, "--out", tmp_path / "out", "--devices", 3)
    assert 2 == done.exit_code
    assert "3 processes cannot share batches of 2" in done.stderr


def test_machines_that_cannot_find_each_other_are_refused(clips: Path, tmp_path: Path) -> None:
    """Else each would wait for the other."""
    (tmp_path / "tiny.toml").write_text(TINY_RECIPE)
    done = train(tmp_path / "tiny.toml", "--data", clips, "--out", tmp_path / "out", "--nodes", 2)
    assert 2 == done.exit_code
    assert "set MASTER_ADDR and MASTER_PORT of the first one and NODE_RANK" in done.stderr
    assert not (tmp_path / "out").exists()
