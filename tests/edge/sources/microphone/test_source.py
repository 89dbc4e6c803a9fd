import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.edge.live.pulse import Pulse, hang, kill, pulse_of_the_test, replug, suspend, wait_until  # noqa: F401  # the fixture
from tests.edge.sources.microphone.hearing import Hearing, python

pytestmark = pytest.mark.realtime


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
