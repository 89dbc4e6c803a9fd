import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.conftest import DEMO, command
from tests.edge.cli.running import records, stream
from tests.edge.live.servers import needs

pytestmark = pytest.mark.realtime


@pytest.fixture(scope="module")
def demo_wav(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The demo recording as the bytes of a WAV."""
    path = tmp_path_factory.mktemp("demo") / "demo.wav"
    soundfile.write(path, *soundfile.read(DEMO, dtype="float32"))
    return path.read_bytes()


@pytest.mark.parametrize(("pcm", "dtype"), [("s16le", "<i2"), ("s32le", "<i4"), ("f32le", "<f4"), ("f32be", ">f4")])
def test_bare_samples_on_stdin_are_heard_as_the_file_is(tmp_path: Path, pcm: str, dtype: str) -> None:
    """Two channels at 44.1 kHz, without a header."""
    audio, rate = soundfile.read(DEMO, dtype="float64", frames=20 * 44_100)
    scale = 2 ** (8 * np.dtype(dtype).itemsize - 1) - 1 if "i" in dtype else 1.0
    samples = (np.stack([audio, audio], axis=1) * scale).astype(dtype)
    done = stream("-", "--pcm", f"{pcm}:{rate}:2", stdin=samples.tobytes())
    soundfile.write(tmp_path / "a.wav", audio, rate, subtype="FLOAT")
    events, expected = (
        [(r["label"], r["onset"], r["offset"]) for r in records(log) if r["type"] == "event"]
        for log in (done.stdout, stream(tmp_path / "a.wav").stdout)
    )
    assert expected == events != []


@pytest.fixture
def listening(demo_wav: bytes) -> Iterator[subprocess.Popen[bytes]]:
    """A sed-stream that hears stdin, on which nothing more comes after ten seconds."""
    with subprocess.Popen([command("sed-stream"), "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(demo_wav[: 10 * 2 * 44_100])
        process.stdin.flush()
        assert b"start" in process.stdout.readline()
        yield process


def test_the_second_signal_ends_at_once(listening: subprocess.Popen[bytes]) -> None:
    """Even where a source holds up the end: the log has its last line by then."""
    listening.send_signal(signal.SIGINT)
    assert listening.stdout is not None
    while b"stop" not in listening.stdout.readline():
        assert listening.poll() is None
    listening.send_signal(signal.SIGTERM)
    assert -signal.SIGTERM == listening.wait(timeout=10)


def test_two_signals_at_once_are_two(listening: subprocess.Popen[bytes]) -> None:
    """Both have come before the command could look."""
    for number in (signal.SIGSTOP, signal.SIGINT, signal.SIGTERM, signal.SIGCONT):
        listening.send_signal(number)
    assert -signal.SIGTERM == listening.wait(timeout=10)


def test_stdin_is_heard_as_the_file_is(tmp_path: Path) -> None:
    """A WAV through a pipe gives the events of the file."""
    audio, rate = soundfile.read(DEMO, dtype="float32")
    soundfile.write(tmp_path / "demo.wav", audio, rate)
    piped = stream("-", stdin=(tmp_path / "demo.wav").read_bytes())
    file = stream(tmp_path / "demo.wav")
    assert records(file.stdout.replace(str(tmp_path / "demo.wav"), "-")) == records(piped.stdout)
    assert 0 == piped.returncode


@pytest.mark.parametrize("endian", ["LITTLE", "BIG"])
def test_words_of_any_order_on_stdin_are_heard_as_the_file_is(tmp_path: Path, endian: str) -> None:
    """AIFF-C and RIFX that FFmpeg alone would take for noise."""
    audio, rate = soundfile.read(DEMO, dtype="float32", frames=8 * 44_100)
    path = tmp_path / ("a.aiff" if endian == "LITTLE" else "a.wav")
    soundfile.write(path, audio, rate, subtype="PCM_24", endian=endian)
    expected, own = records(stream(path).stdout), records(stream("-", stdin=path.read_bytes()).stdout)
    assert [each["onset"] for each in expected if each["type"] == "event"] == [2.0, 5.0, 6.6]
    assert [each | {"source": "-"} for each in expected] == own


def test_an_mp4_whose_index_is_last_says_so_on_stdin(tmp_path: Path) -> None:
    """And what to do; with its index first it is heard."""
    needs("ffmpeg")
    outcomes = []
    for flags, arguments in (("+faststart", ()), ("0", ()), ("0", ("--live",))):
        path = tmp_path / f"{flags}.mp4"
        making = ["-y", "-t", "3", "-c:a", "aac", "-movflags", flags, path]
        subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-i", DEMO, *making], check=True)
        done = stream("-", *arguments, stdin=path.read_bytes())
        told = "its index (moov) stands at its end; give it as a file, or write it anew with ffmpeg" in done.stderr
        outcomes.append((done.returncode, told, '"label": "dog"' in done.stdout))
    assert [(0, False, True), (1, True, False), (1, True, False)] == outcomes


def test_stdin_without_audio_gets_one_clear_line() -> None:
    """Which says what may be missing, too."""
    done = subprocess.run([command("sed-stream"), "-"], input=b"no sound\n" * 1000, capture_output=True, check=False)
    assert (1, b"") == (done.returncode, done.stdout)
    (line,) = done.stderr.decode().splitlines()
    assert "stdin: holds no audio that can be decoded" in line
    assert "or --pcm s16le:48000:1 where it is bare samples" in line
