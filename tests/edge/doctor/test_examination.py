import contextlib
import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge.doctor import examination
from edge.doctor.examination import examine
from edge.doctor.installation import known_faults
from edge.model.library import shipped_model
from edge.sources.source import Block, FileSource, Gap, Item, State
from edge.sources.url import CAMERA_NOTE, UrlSource
from tests.conftest import DEMO, run
from tests.edge.live.camera import Camera, Moody
from tests.edge.live.pulse import Pulse, pulse_of_the_test  # noqa: F401  # a fixture
from tests.edge.sources.audio.field import RATE, chunk, fmt, pcm16, riff

pytestmark = pytest.mark.realtime


def wrong(report: dict[str, object]) -> list[str]:
    """What is said to be wrong."""
    findings = report["findings"]
    assert isinstance(findings, list)
    return [finding["text"] for finding in findings if finding["wrong"]]


class Live:
    """A live source that says these things, each after a wait of so many seconds."""

    name, live = "porch", True

    def __init__(self, *said: tuple[float, Item]) -> None:
        self._said = said

    def items(self, stopping: threading.Event) -> Iterator[Item]:
        """See `Source.items`."""
        for wait, item in self._said:
            if stopping.wait(wait):
                return
            yield item
        stopping.wait()


def block(seconds: float) -> Block:
    """Noise."""
    samples = np.random.default_rng(0).uniform(-0.3, 0.3, (round(16_000 * seconds), 1))
    return Block(samples.astype(np.float32), 16_000, time.monotonic())


def test_a_sound_installation_and_recording_are_fine() -> None:
    """Exit code 0, and what a person wants to know of both."""
    done = run("sed-doctor", DEMO)
    assert (0, "") == (done.returncode, done.stderr)
    lines = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert "fine" == lines["verdict"]
    assert "CPU" in lines["providers"]
    assert f"{DEMO}: 5.0 s, 32000 Hz, 1 channel(s)" == lines["source"]
    assert "RMS -29.9 dBFS, peak -5.9 dBFS" == lines["level"]


def test_json_says_which_nodes_run_where_and_how_fast() -> None:
    """For programs."""
    done = run("sed-doctor", "--json", "--provider", "cpu")
    report = json.loads(done.stdout)
    assert (0, True) == (done.returncode, report["fine"])
    assert {"CPU"} == set(report["model"]["nodes"])
    assert report["model"]["nodes"]["CPU"] > 20
    assert 0 < report["model"]["step_seconds"] < report["model"]["hop_seconds"]
    assert {"python", "sed-edge", "numpy", "onnxruntime", "av", "soxr", "portaudio"} <= set(report["versions"])
    assert "sound" not in report


def test_each_fault_of_a_recording_is_said_with_what_to_do(tmp_path: Path) -> None:
    """Exit code 1."""
    samples = np.random.default_rng(0).uniform(-1.0, 1.0, 16_000 * 2)
    for name, sound, message in (
        ("quiet", samples / 2000, "too quiet, its peak is -66 dBFS: raise the gain"),
        ("loud", np.clip(3 * samples, -1, 1), "of the samples: lower the gain"),
        ("muted", 0 * samples, "nothing but digital silence"),
    ):
        soundfile.write(tmp_path / f"{name}.wav", sound, 16_000, subtype="FLOAT")
        report = examine(shipped_model(), "cpu", 1, lambda name=name: FileSource(str(tmp_path / f"{name}.wav")))
        assert not report.fine
        assert message in wrong(report.to_dict())[0]
        json.dumps(report.to_dict(), allow_nan=False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.wav"], "missing.wav: no such file"),
        (["--model", "missing.onnx"], "missing.onnx: no such model file"),
        (["-"], "stdin: nothing came"),
    ],
)
def test_what_cannot_be_examined_is_wrong(arguments: list[str], message: str) -> None:
    """The rest is told all the same."""
    done = run("sed-doctor", *arguments)
    assert (1, "") == (done.returncode, done.stderr)
    assert message in done.stdout
    assert done.stdout.startswith("versions")


def test_a_live_source_that_loses_sound_is_wrong() -> None:
    """With the reason, what to do, and what it said of itself."""
    source = Live((0, State("connected", "")), (0, block(1)), (0, Gap(0.5, "device")), (0, block(4)))
    report = examine(shipped_model(), "cpu", 1, lambda: source).to_dict()
    assert ["0.50 s of sound are missing (device): look at the microphone's plug and power"] == wrong(report)
    assert [{"state": "connected", "detail": ""}] == report["sound"]["states"]


def test_samples_that_come_too_slowly_are_wrong() -> None:
    """The rate that a device claims is not the one it has, or frames are dropped."""
    source = Live(*[(0.25 if number else 0, block(1)) for number in range(5)])
    assert [] == wrong(examine(shipped_model(), "cpu", 1, lambda: source).to_dict())  # a burst of old sound
    slow = Live(*[(1.5 if number else 0, block(1)) for number in range(5)])
    (text,) = wrong(examine(shipped_model(), "cpu", 1, lambda: slow).to_dict())
    assert text.startswith("its samples come at 0.")


def test_a_source_that_says_nothing_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not waited for for ever."""
    monkeypatch.setattr(examination, "_TIMEOUT_SECONDS", 0.5)
    source = Live((0, State("retrying", "connection refused")))
    report = examine(shipped_model(), "cpu", 1, lambda: source)
    assert ["no sound came within 0.5 s; its last state is: retrying, connection refused"] == wrong(report.to_dict())


@pytest.mark.parametrize(
    ("version", "processor", "bad"),
    [
        ("1.23.2", "aarch64", False),
        ("1.24.0", "aarch64", True),
        ("1.26.0", "armv7l", True),
        ("1.26.1", "aarch64", False),
        ("1.25.0", "x86_64", False),
        ("1.20.1", "x86_64", True),
    ],
)
def test_known_bad_versions_are_told(version: str, processor: str, bad: bool) -> None:
    """Those that leak memory on Arm, and those too old."""
    assert bad == any(finding.wrong for finding in known_faults(version, processor))


def test_a_pipe_without_a_sound_does_not_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    """A source that blocks is given up."""
    monkeypatch.setattr(examination, "_TIMEOUT_SECONDS", 0.5)
    reading, writing = os.pipe()
    report = examine(shipped_model(), "cpu", 1, lambda: FileSource(f"/dev/fd/{reading}"))
    os.close(writing)
    assert not report.fine
    assert wrong(report.to_dict())[0].startswith("no sound came within 0.5 s")
    os.close(reading)


def test_a_header_that_hides_sound_is_wrong(tmp_path: Path) -> None:
    """Or that has none behind it."""
    samples = np.random.default_rng(0).uniform(-0.3, 0.3, 3 * RATE)
    for held, found in (
        (samples, ["its header says 0.5 s, but it holds 3.0 s; all of it is heard, but other programs may not"]),
        (
            samples[:0],
            ["has a header, but no sound behind it", "it ended without any sound; its last state is: warning, "],
        ),
    ):
        path = riff(tmp_path / "a.wav", fmt(), chunk(b"data", pcm16(held), RATE if len(held) else 0))
        report = examine(shipped_model(), "cpu", 1, lambda path=path: FileSource(str(path)))
        assert found == [text[: len(start)] for text, start in zip(wrong(report.to_dict()), found, strict=True)]


def test_a_camera_that_cannot_give_its_sound_alone_is_told_as_that() -> None:
    """With the option that spares what is missed at the start, and not as a fault of the network."""
    moods = ["silent", "refuses", "hangs up"]
    with Camera() as camera, contextlib.ExitStack() as stack, ThreadPoolExecutor() as pool:
        proxies = [stack.enter_context(Moody(camera, mood)) for mood in moods]
        sources = [partial(UrlSource, f"rtsp://127.0.0.1:{proxy.port}/cam", name="a") for proxy in proxies]
        reports = list(pool.map(lambda source: examine(shipped_model(), "cpu", 1, source), sources))
    for report in reports:
        texts = [finding.text for finding in report.findings]
        assert f"{CAMERA_NOTE}; --option allowed_media_types=video+audio asks for that at once" in texts
        assert not any("look at the network" in text for text in texts)
    gaps = [any("nothing is missed at the start" in text for text in wrong(report.to_dict())) for report in reports]
    assert [True, False, True] == gaps


def test_a_real_microphone_is_examined(pulse: Pulse, tmp_path: Path) -> None:
    """A muted one is found out; one that hears something is fine, at its full pace."""
    muted = json.loads(run("sed-doctor", "mic", "--json", environment=pulse.environment).stdout)
    assert ["nothing but digital silence: is it the right device or stream, and is it not muted?"] == wrong(muted)
    assert 48_000 == muted["sound"]["sample_rate"]
    soundfile.write(tmp_path / "a.wav", np.random.default_rng(0).uniform(-0.3, 0.3, 48_000 * 30), 48_000)
    with subprocess.Popen(["paplay", tmp_path / "a.wav"], env=pulse.environment) as playing:
        done = run("sed-doctor", "mic", "--json", environment=pulse.environment)
        playing.kill()
    heard = json.loads(done.stdout)
    assert (0, []) == (done.returncode, wrong(heard))
    assert 0.9 < heard["sound"]["pace"] < 1.2
