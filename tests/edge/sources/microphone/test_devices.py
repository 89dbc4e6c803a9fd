import json
import subprocess
from pathlib import Path

import pytest

from tests.conftest import command
from tests.edge.live.pulse import Pulse, hang, kill, pulse_of_the_test, replug, suspend, wait_until  # noqa: F401  # the fixture
from tests.edge.sources.microphone.hearing import FAIL, Hearing, python

pytestmark = pytest.mark.realtime


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
    assert f"SourceError {problem}" == python(pulse, FAIL, name)


def test_a_machine_without_any_device_says_so(pulse: Pulse) -> None:
    """As where the sound server does not run."""
    pulse.kill()
    problem = "no microphone was found; connect one, or start the sound server that has it"
    assert f"SourceError {problem}" == python(pulse, FAIL, "")
    table = "from edge.sources.microphone.devices import device_table, all_devices; print(device_table(all_devices()))"
    assert "no microphone was found" == python(pulse, table)


def test_a_machine_without_portaudio_says_how_to_get_it(pulse: Pulse) -> None:
    """In one line."""
    without = "import ctypes.util; ctypes.util.find_library = lambda name: None\n"
    assert (
        "InstallError a microphone needs PortAudio, which is not on this machine; "
        "run apt install libportaudio2, or install the package portaudio of your system"
    ) == python(pulse, without + FAIL, "")


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
