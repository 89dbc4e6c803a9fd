import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest
import soundfile

from tests.conftest import command
from tests.edge.live.pulse import Pulse, hang, kill, pulse_of_the_test, replug, suspend, wait_until  # noqa: F401  # the fixture

pytestmark = pytest.mark.realtime

# Writes down what a microphone says, until its stdin is closed.
_HEAR = """
import json, sys, threading
from edge.sources.microphone.source import Microphone
from edge.sources.source import Block

stopping = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), stopping.set()), daemon=True).start()
for item in Microphone(sys.argv[1] or None, "mic").items(stopping):
    if isinstance(item, Block):
        said = {
            "heard_at": item.heard_at,
            "heard_until": item.heard_at + len(item.samples) / item.sample_rate,
            "sample_rate": item.sample_rate,
            "peak": float(abs(item.samples).max()),
        }
    else:
        said = item._asdict()
    print(json.dumps(said), flush=True)
"""


class Hearing:
    """A process that hears by a microphone; `said` grows as it goes on."""

    def __init__(self, pulse: Pulse, folder: Path, device: str = "") -> None:
        self._log = folder / "heard.jsonl"
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _HEAR, device], stdin=subprocess.PIPE, stdout=log, env=pulse.environment
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    @property
    def said(self) -> list[dict[str, Any]]:
        """Every whole line that it has written."""
        return [json.loads(line) for line in self._log.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def of(self, key: str) -> list[dict[str, Any]]:
        """Blocks (`heard_at`), gaps (`seconds`) or states (`state`)."""
        return [said for said in self.said if key in said]

    def wait_for_sound(self) -> None:
        """Wait until what is heard from now on has been written down."""
        now = time.monotonic()
        wait_until(lambda: any(block["heard_at"] > now for block in self.of("heard_at")[-1:]))

    def end(self) -> list[dict[str, Any]]:
        """Tell it to stop; return all that it said."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert 0 == self.process.wait(timeout=30)
        return self.said


@pytest.fixture(scope="module")
def beep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of a tone, with half a second of silence on either side."""
    audio = np.zeros(96_000, dtype=np.float32)
    audio[24_000:72_000] = 0.5 * np.sin(2 * np.pi * 997 / 48_000 * np.arange(48_000))
    path = tmp_path_factory.mktemp("beep") / "beep.wav"
    soundfile.write(path, audio, 48_000)
    return path


def suspend_briefly(pulse: Pulse) -> None:
    suspend(pulse, 1.0)


@pytest.mark.parametrize(
    ("befall", "noticed"),
    [(kill, True), (suspend, True), (replug, True), (hang, True), (suspend_briefly, False)],
)
def test_what_could_not_be_heard_is_a_gap(
    pulse: Pulse, tmp_path: Path, beep: Path, befall: Callable[[Pulse], None], noticed: bool
) -> None:
    """With its borders; sound is back soon after the device is, and its times are right again."""
    with Hearing(pulse, tmp_path) as hearing:
        hearing.wait_for_sound()
        began = time.monotonic()
        befall(pulse)
        back = time.monotonic()
        hearing.wait_for_sound()
        assert time.monotonic() - back < 5.0
        beep_began = time.monotonic()
        pulse.play(beep)
        beep_ended = time.monotonic()
        hearing.wait_for_sound()
        said = hearing.end()

    (gap,) = (index for index, item in enumerate(said) if "seconds" in item)
    assert "device" == said[gap]["reason"]
    onset = max(item["heard_until"] for item in said[:gap] if "heard_at" in item)
    offset = said[gap + 1]["heard_at"]
    assert offset - onset == pytest.approx(said[gap]["seconds"], abs=0.05)
    assert onset == pytest.approx(began, abs=0.3)
    assert back - 0.3 < offset < back + 3.0
    expected = ["connected", "lost", "connected"] if noticed else ["connected"]
    assert expected == [item["state"] for item in said if item.get("state") not in (None, "retrying")]
    loud = [item for item in said[gap:] if item.get("peak", 0.0) > 0.1]
    assert beep_began + 0.5 - 0.1 < loud[0]["heard_at"] < loud[-1]["heard_until"] < beep_ended - 0.5 + 0.1


def python(pulse: Pulse, code: str, *arguments: str) -> str:
    """What a program prints."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=pulse.environment, capture_output=True, text=True, check=False
    )
    assert 0 == done.returncode, done.stderr
    return done.stdout.rstrip()


_FAIL = """
import sys, threading
from edge.errors import SedError
from edge.sources.microphone.source import Microphone

try:
    next(iter(Microphone(sys.argv[1] or None, "mic").items(threading.Event())))
except SedError as exc:
    print(type(exc).__name__, exc)
"""


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        (
            "porch",
            "mic:porch fits no microphone; expected an index, or part of a name, of 0 pulse, ALSA; 1 default, ALSA",
        ),
        ("7", "mic:7 fits no microphone; expected an index, or part of a name, of 0 pulse, ALSA; 1 default, ALSA"),
        ("alsa", "mic:alsa fits 0 pulse, ALSA; 1 default, ALSA; give more of the name, or the index"),
    ],
)
def test_a_name_that_fits_no_device_or_several_is_an_error(pulse: Pulse, name: str, problem: str) -> None:
    """That lists what there is."""
    assert f"SourceError {problem}" == python(pulse, _FAIL, name)


def test_a_machine_without_any_device_says_so(pulse: Pulse) -> None:
    """As where the sound server does not run."""
    pulse.kill()
    problem = "no microphone was found; connect one, or start the sound server that has it"
    assert f"SourceError {problem}" == python(pulse, _FAIL, "")
    table = "from edge.sources.microphone.devices import device_table, all_devices; print(device_table(all_devices()))"
    assert "no microphone was found" == python(pulse, table)


def test_a_machine_without_portaudio_says_how_to_get_it(pulse: Pulse) -> None:
    """In one line."""
    without = "import ctypes.util; ctypes.util.find_library = lambda name: None\n"
    assert (
        "InstallError a microphone needs PortAudio, which is not on this machine; "
        "run apt install libportaudio2, or install the package portaudio of your system"
    ) == python(pulse, without + _FAIL, "")


def test_devices_are_listed(pulse: Pulse) -> None:
    """For people and for programs; the default is marked."""
    table, text = (
        subprocess.run(
            [command("sed-stream"), "--list-devices", *options],
            env=pulse.environment,
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for options in ([], ["--json"])
    )
    assert [
        "   index  name     channels  rate      interface",
        "   0      pulse    32        44100 Hz  ALSA",
        "*  1      default  32        44100 Hz  ALSA",
    ] == table.splitlines()
    assert [(0, "pulse", False), (1, "default", True)] == [
        (device["index"], device["name"], device["default"]) for device in json.loads(text)
    ]


@pytest.mark.parametrize("name", ["PULS", "0", "pulse, alsa", "pulse"])
def test_a_device_is_found_by_index_or_part_of_its_name(pulse: Pulse, tmp_path: Path, name: str) -> None:
    """In any case, and its own rate is not what it is opened at if it can do 48 kHz."""
    with Hearing(pulse, tmp_path, name) as hearing:
        hearing.wait_for_sound()
        said = hearing.end()
    assert {"state": "connected", "detail": "pulse, ALSA, 48000 Hz"} == said[0]
    assert {48_000} == {item["sample_rate"] for item in said if "heard_at" in item}


def test_a_device_is_found_again_by_its_name(pulse: Pulse, tmp_path: Path) -> None:
    """While it is away it is missed, and it may come back under another index."""
    pulse.name_devices("porch")
    table = "from edge.sources.microphone.devices import *; print(find_device('porch', all_devices()).index)"
    index = python(pulse, table)
    with Hearing(pulse, tmp_path, index) as hearing:
        hearing.wait_for_sound()
        pulse.name_devices()
        pulse.kill()
        pulse.start()
        wait_until(lambda: hearing.of("state")[-1]["detail"].startswith("mic:porch, ALSA fits no microphone"))
        pulse.name_devices("attic", "garden", "porch")
        hearing.wait_for_sound()
        said = hearing.end()
    assert index != python(pulse, table)
    assert ["porch, ALSA, 48000 Hz"] * 2 == [item["detail"] for item in said if item.get("state") == "connected"]


@pytest.mark.slow
def test_a_process_that_was_stopped_knows_what_it_lost(pulse: Pulse, tmp_path: Path) -> None:
    """The sound server kept the first ten or twenty seconds for it; nothing flags the rest."""
    with Hearing(pulse, tmp_path) as hearing:
        hearing.wait_for_sound()
        hearing.process.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        time.sleep(25.0)
        hearing.process.send_signal(signal.SIGCONT)
        ended = time.monotonic()
        hearing.wait_for_sound()
        said = hearing.end()
    (gap,) = (index for index, item in enumerate(said) if "seconds" in item)
    assert began + 5.0 < said[gap - 1]["heard_until"] < ended
    assert ended == pytest.approx(said[gap + 1]["heard_at"], abs=0.3)
    assert said[gap + 1]["heard_at"] - said[gap - 1]["heard_until"] == pytest.approx(said[gap]["seconds"], abs=0.05)


def test_a_process_that_was_stopped_briefly_lost_nothing(pulse: Pulse, tmp_path: Path) -> None:
    """Its sound waited for it."""
    with Hearing(pulse, tmp_path) as hearing:
        hearing.wait_for_sound()
        hearing.process.send_signal(signal.SIGSTOP)
        time.sleep(4.0)
        hearing.process.send_signal(signal.SIGCONT)
        hearing.wait_for_sound()
        said = hearing.end()
    assert ["connected"] == [item.get("state", "gap") for item in said if "heard_at" not in item]
    blocks = [item for item in said if "heard_at" in item]
    assert blocks[-1]["heard_until"] - blocks[0]["heard_at"] == pytest.approx(len(blocks) * 0.1, abs=0.1)


def test_a_sound_server_that_hangs_does_not_keep_the_process(pulse: Pulse, tmp_path: Path) -> None:
    """It ends soon after it is told to, with the gap up to then."""
    with Hearing(pulse, tmp_path) as hearing:
        hearing.wait_for_sound()
        pulse.hang(True)
        began = time.monotonic()
        wait_until(lambda: len(hearing.of("state")) == 2)
        said = hearing.end()
    ended = time.monotonic()
    assert ended - began < 10.0
    assert "lost" == said[-2]["state"]
    assert began - 0.3 < ended - said[-1]["seconds"] < began + 1.5


_OPEN_OFTEN = """
import os, threading, time
from edge.sources.microphone.source import Microphone
from edge.sources.source import Block

def hear():
    stopping = threading.Event()
    for item in Microphone(None, "mic").items(stopping):
        if isinstance(item, Block):
            stopping.set()

def left():
    return len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task")), threading.active_count()

hear()
before = left()
for _ in range(5):
    hear()
for _ in range(100):  # the system takes a moment to forget a thread
    after = left()
    if all(now <= then for now, then in zip(after, before)):
        break
    time.sleep(0.1)
else:
    print("before", before, "after", after)
"""


def test_nothing_is_left_of_what_was_opened(pulse: Pulse) -> None:
    """No descriptor and no thread."""
    assert "" == python(pulse, _OPEN_OFTEN)
