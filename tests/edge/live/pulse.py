"""A microphone without a sound card: a PulseAudio daemon of the test's own, with a sink whose monitor is recorded."""

import ctypes.util
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

_PROGRAMS = ("pulseaudio", "pactl", "paplay")
_SINK = ("module-null-sink", "sink_name=vmic", "rate=48000", "channels=2", "format=s16le", "norewinds=1")


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until something is so, and fail if it takes too long."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:g} s in vain"
        time.sleep(0.02)


class Pulse:
    """The daemon, and what can befall it.

    Attributes:
        environment: of a process that is to record from it.
    """

    def __init__(self, folder: Path) -> None:
        found = [
            *map(shutil.which, _PROGRAMS),
            ctypes.util.find_library("portaudio"),
            any(Path("/usr/lib").glob("*/alsa-lib/libasound_module_pcm_pulse.so")),
        ]
        if not all(found):
            message = "needs PulseAudio: apt install pulseaudio pulseaudio-utils libasound2-plugins libportaudio2"
            if "SED_EDGE_NOTHING_MISSING" in os.environ:
                pytest.fail(message)
            pytest.skip(message)
        self._folder = folder
        runtime = folder / "runtime"
        runtime.mkdir(mode=0o700)
        self._script = folder / "default.pa"
        self._script.write_text(
            f"load-module module-native-protocol-unix socket={runtime}/native auth-anonymous=1\n"
            f"load-module {' '.join(_SINK)}\n"
        )
        self._alsa = folder / "asound.conf"
        self.name_devices()
        self.environment = {name: value for name, value in os.environ.items() if name != "XDG_RUNTIME_DIR"} | {
            "HOME": str(folder),
            "PULSE_RUNTIME_PATH": str(runtime),
            "PULSE_SERVER": f"unix:{runtime}/native",
            "ALSA_CONFIG_PATH": f"/usr/share/alsa/alsa.conf:{self._alsa}",
        }
        self.start()

    def name_devices(self, *names: str) -> None:
        """By what names there are devices, besides `pulse` and `default`."""
        self._alsa.write_text("".join(f"pcm.{name} {{ type pulse }}\n" for name in ("!default", *names)))

    def start(self) -> None:
        """Start the daemon, and wait until it answers."""
        self._daemon = subprocess.Popen(
            [
                *("pulseaudio", "-n", "-F", str(self._script), "--daemonize=no", "--exit-idle-time=-1"),
                *("--use-pid-file=no", f"--log-target=file:{self._folder}/log"),
            ],
            env=self.environment,
        )
        wait_until(lambda: self._pactl("info").returncode == 0)

    def kill(self) -> None:
        """End the daemon without a warning to anybody."""
        self._daemon.kill()
        self._daemon.wait()

    def hang(self, hanging: bool) -> None:
        """Let the daemon do nothing any more, or go on."""
        self._daemon.send_signal(signal.SIGSTOP if hanging else signal.SIGCONT)

    def suspend(self, suspended: bool) -> None:
        """Let the device give no more sound, without a word, or go on."""
        assert self._pactl("suspend-sink", "vmic", str(int(suspended))).returncode == 0

    def remove(self) -> None:
        """Take the device away, as if it were unplugged."""
        assert self._pactl("unload-module", "module-null-sink").returncode == 0

    def plug_in(self) -> None:
        """Bring the device back."""
        assert self._pactl("load-module", *_SINK).returncode == 0

    def play(self, path: Path) -> None:
        """Play a file into the device; return when it has been played."""
        subprocess.run(["paplay", "--latency-msec=50", path], env=self.environment, check=True)

    def _pactl(self, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(["pactl", *arguments], env=self.environment, capture_output=True, check=False)


@pytest.fixture(name="pulse")
def pulse_of_the_test(tmp_path: Path) -> Iterator[Pulse]:
    """A daemon of this test's own."""
    (tmp_path / "pulse").mkdir()
    pulse = Pulse(tmp_path / "pulse")
    yield pulse
    pulse.kill()


def kill(pulse: Pulse) -> None:
    """The sound server dies, and is started again."""
    pulse.kill()
    time.sleep(2.0)
    pulse.start()


def suspend(pulse: Pulse, seconds: float = 3.0) -> None:
    """The device gives no sound for a while, without a word."""
    pulse.suspend(True)
    time.sleep(seconds)
    pulse.suspend(False)


def replug(pulse: Pulse) -> None:
    """The device goes, and comes back."""
    pulse.remove()
    time.sleep(2.0)
    pulse.plug_in()


def hang(pulse: Pulse) -> None:
    """The sound server does nothing for a while."""
    pulse.hang(True)
    time.sleep(4.0)
    pulse.hang(False)
