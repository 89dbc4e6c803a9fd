"""A scan on a cluster of Ray nodes, each a process of its own here: what becomes of it when some of them die."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from scan.archive import Folder
from scan.cluster.ledger import Ledger
from scan.table import Row, read_shards, verify
from tests.conftest import command, made_once
from tests.scan.cluster.measuring import descendants, name_of

_WAIT_SECONDS = 120.0


def test_a_file_with_which_two_processes_die_is_found() -> None:
    """The first death may be bad luck; a unit that ends is none."""
    ledger = Ledger()
    assert frozenset() == ledger.begin(1)
    for number in (5, 6):
        ledger.at(1, number)
    assert frozenset() == ledger.begin(1)
    ledger.at(1, 6)
    assert frozenset([6]) == ledger.begin(1)
    ledger.at(1, 7)
    ledger.end(1)
    assert frozenset([6]) == ledger.begin(1)


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory, demo_audio: NDArray[np.float32]) -> Path:
    """Recordings in `in`: one of 40 minutes and 24 of a minute, one of them broken; and in `out` what is in them."""

    def make(folder: Path) -> None:
        (folder / "in").mkdir()
        soundfile.write(folder / "in" / "20230501_043000.wav", np.tile(demo_audio, 43), 16000)
        for number in range(24):
            soundfile.write(folder / "in" / f"{number:02d}.flac", np.roll(demo_audio, 1000 * number), 16000)
        (folder / "in" / "05.flac").write_bytes(b"broken")
        assert 0 == begin(folder / "in", folder / "out").wait()

    return made_once(tmp_path_factory, "cluster", make)


def begin(source: Path, out: Path, *arguments: object) -> "subprocess.Popen[bytes]":
    """A scan that begins."""
    parts = ("--part", "240") if "--part" not in arguments else ()
    line = [command("sed-scan"), source, "--out", out, "--workers", 2, *parts, *arguments]
    with (out.parent / "stderr.txt").open("ab") as stderr:
        return subprocess.Popen([str(each) for each in line], stderr=stderr, start_new_session=True)


def table(out: Path) -> list[Row]:
    """Its rows, by number, without what differs from run to run."""
    rows = [row for _, shard in read_shards(Folder(str(out))) for row in shard.to_pylist()]
    return sorted(({**row, "took_seconds": 0.0} for row in rows), key=lambda row: row["number"])


def wait_for_work(out: Path, files: int) -> None:
    """Until there are so many shards and parts."""
    end = time.monotonic() + _WAIT_SECONDS
    while sum(len(list((out / name).glob("*"))) for name in ("rows", "parts")) < files:
        assert time.monotonic() < end, (out.parent / "stderr.txt").read_text()[-2000:]
        time.sleep(0.05)


@contextlib.contextmanager
def cluster(nodes: int) -> Iterator[Any]:
    """A head without processors, and that many nodes with one."""
    from ray.cluster_utils import Cluster

    head = {"num_cpus": 0, "object_store_memory": 80 << 20, "include_dashboard": False}
    made = Cluster(initialize_head=True, head_node_args=head)
    try:
        made.workers = [made.add_node(num_cpus=1, object_store_memory=80 << 20) for _ in range(nodes)]
        yield made
    finally:
        made.shutdown()


@pytest.mark.slow
@pytest.mark.parametrize("nodes", [2, 4])
@pytest.mark.filterwarnings("default")  # Ray's own, of processes and sockets that it leaves behind
def test_a_node_that_vanishes_and_comes_back(archive: Path, tmp_path: Path, nodes: int) -> None:
    """The table is the same as without."""
    with cluster(nodes) as made:
        run = begin(archive / "in", tmp_path / "out", "--address", made.address)
        wait_for_work(tmp_path / "out", 3)
        made.remove_node(made.workers[0], allow_graceful=False)
        wait_for_work(tmp_path / "out", 6)
        made.add_node(num_cpus=1, object_store_memory=80 << 20)
        assert 0 == run.wait(), (tmp_path / "stderr.txt").read_text()
    assert [] == verify(Folder(str(tmp_path / "out")))
    assert table(archive / "out") == table(tmp_path / "out")


@pytest.mark.slow
def test_a_run_that_is_killed_goes_on(archive: Path, tmp_path: Path) -> None:
    """Killed with SIGKILL in the middle, and begun again: the table is the same, and no work is done twice."""
    run = begin(archive / "in", tmp_path / "out")
    wait_for_work(tmp_path / "out", 4)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    assert verify(Folder(str(tmp_path / "out"))) != []
    assert 0 == begin(archive / "in", tmp_path / "out").wait(), (tmp_path / "stderr.txt").read_text()
    assert table(archive / "out") == table(tmp_path / "out")


@pytest.mark.slow
def test_a_worker_that_dies_costs_nothing(archive: Path, tmp_path: Path) -> None:
    """Another one takes its unit."""
    run = begin(archive / "in", tmp_path / "out")
    wait_for_work(tmp_path / "out", 3)
    os.kill(next(pid for pid in descendants(run.pid) if "MapWorker" in name_of(pid)), signal.SIGKILL)
    assert 0 == run.wait(), (tmp_path / "stderr.txt").read_text()
    assert table(archive / "out") == table(tmp_path / "out")
