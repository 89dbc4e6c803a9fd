"""All outputs at once, beside sixteen sources in real time."""

import contextlib
import json
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from edge.log.records import Record
from tests.conftest import command
from tests.edge.outputs.mqtt.broker import Broker
from tests.edge.outputs.notify.hooks import hook_server

SOURCES = 16
SECONDS = int(os.environ.get("SED_EDGE_FAULT_SECONDS", "60"))  # of the test with faults


def free_address() -> str:
    """Of this machine, that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"127.0.0.1:{free.getsockname()[1]}"


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A disk of a few kilobytes; skips the test where nobody may mount one."""
    folder.mkdir()
    mounted = ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", folder]
    if subprocess.run(mounted, capture_output=True, check=False).returncode != 0:
        pytest.skip("needs the right to mount a tmpfs: run as root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def outputs(folder: Path, clips: Path, broker: str, hook: str) -> list[str]:
    """The options that turn all of them on."""
    (folder / "rules.toml").write_text(f'[[notify]]\nname = "all"\nto = "{hook}"\n')
    return [
        *("--clips", str(clips), "--clip-option", "near=0.3", "--clip-option", "least-free=0MB"),
        *("--mqtt", broker, "--notify", str(folder / "rules.toml"), "--state", str(folder / "state")),
        *("--health", free_address(), "--health-option", "lag=60"),
    ]


def listened(folder: Path, audio: NDArray[np.float32], seconds: int, *options: str) -> tuple[list[Record], float]:
    """The log of sixteen sources, and the CPU seconds of the process."""
    soundfile.write(folder / "long.wav", np.tile(audio, seconds * 16_000 // len(audio) + 1), 16_000)
    named = [word for number in range(SOURCES) for word in ("--name", f"s{number}={folder / 'long.wav'}")]
    log = folder / "log.jsonl"
    process = subprocess.Popen(
        [command("sed-stream"), *named, "--realtime", "--duration", str(seconds), "--out", str(log), *options],
        stdout=subprocess.DEVNULL,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert 0 == process.returncode
    records = [json.loads(line) for line in log.read_text().splitlines()]
    log.unlink()
    return records, used.ru_utime + used.ru_stime


@pytest.mark.slow
@pytest.mark.realtime
@pytest.mark.timeout(900)
def test_dead_outputs_cost_no_sound(tmp_path: Path, demo_audio: NDArray[np.float32]) -> None:
    """No broker, no server for webhooks, a full disk for clips: not one gap, all events, and the losses are said."""
    with small_disk(tmp_path / "disk") as disk:
        dead = outputs(tmp_path, disk, f"mqtt://{free_address()}", f"http://{free_address()}/")
        records, _ = listened(tmp_path, demo_audio, SECONDS, *dead)
    assert [] == [record for record in records if record["type"] == "gap"]
    stats = {record["source"]: record for record in records if record["type"] == "stats"}
    assert [float(SECONDS)] * SOURCES == [one["audio_seconds"] for one in stats.values()]
    assert 1 == len({json.dumps(one["events"], sort_keys=True) for one in stats.values()})
    lost = {record["source"] for record in records if record["type"] == "output" and record["lost"] == "clips"}
    assert set(stats) == lost


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.timeout(900)
def test_all_outputs_cost_little(tmp_path: Path, demo_audio: NDArray[np.float32]) -> None:
    """Beside sixteen sources, each with a bark a minute, at most 15 % more CPU time after the start."""
    quiet = 1e-4 * np.random.default_rng(3).standard_normal(56 * 16_000).astype(np.float32)
    sound = np.concatenate([demo_audio[: 4 * 16_000], quiet])
    costs = []
    for on in (False, True):
        with hook_server() as hook, Broker(tmp_path / "broker") as broker:
            options = outputs(tmp_path, tmp_path / "clips", broker.url, hook.url) if on else []
            _, begun = listened(tmp_path, sound, 5, *options)
            records, whole = listened(tmp_path, sound, 60, *options)
        costs.append(whole - begun)
        assert [] == [record for record in records if record["type"] in ("gap", "output")]
    before, after = costs
    assert SOURCES <= sum(1 for record in records if record["type"] == "event")
    print(f"CPU seconds of 55 seconds of {SOURCES} sources: {before:.1f}, with all outputs {after:.1f}")  # noqa: T201  # -s
    assert after <= 1.15 * before
