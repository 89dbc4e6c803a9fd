"""What recorders and converters write, with some bytes changed, put in, left out: no traceback, no hang over 10 s."""

import logging
import random
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge.errors import SedError
from edge.sources.audio import read_audio
from edge.sources.recorders import time_in_metadata
from edge.sources.url.entries import is_playlist_file
from edge.sources.url.playlists import entries_of, on_network
from tests.edge.fuzz.damage import damaged
from tests.edge.live.servers import needs
from tests.edge.sources.audio.field import RATE, chunk, clicks, ffmpeg, fmt, joined, pcm16, riff

pytestmark = pytest.mark.slow

MOST_SECONDS = 10.0
_NOTE = chunk(b"LIST", b"INFO" + chunk(b"ICMT", b"Recorded at 04:30:00 01/05/2023 (UTC+2)"))
_GUANO = chunk(b"guan", b"GUANO|Version: 1.0\nTimestamp: 2023-05-01T04:30:00+02:00\n")
_PLAYLISTS = {
    "a.m3u": b"#EXTM3U\n#EXTINF:1,x\na.wav\nhttp://radio.example/a.mp3?x=1\nfile:///etc/passwd\n",
    "a.pls": b"\xef\xbb\xbf[playlist]\r\nFile1=a.wav\r\nFile2=http://radio.example:8000/\r\nNumberOfEntries=2\r\n",
    "a.xspf": b"<?xml version='1.0'?><playlist><trackList><track><location>a.wav</location></track></trackList>",
    "a.asx": b"<asx version='3'><entry><ref href='mms://radio.example/a'/></entry><ref href='a&amp;b'/></asx>",
}


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Half a second in each of many wrappings."""
    needs("ffmpeg")
    folder, audio = tmp_path_factory.mktemp("field"), clicks(0.5)
    data = chunk(b"data", pcm16(audio))
    wide = (np.round(audio * 8_388_607).astype("<i4") << 8).tobytes()
    made = [
        riff(folder / "note.wav", fmt(), _NOTE, _GUANO, data),
        riff(folder / "stale.wav", fmt(), chunk(b"data", pcm16(audio), 2000), _NOTE),
        riff(folder / "wide.wav", fmt(24, 32), chunk(b"data", wide)),
        riff(folder / "empty.wav", fmt(), _NOTE, chunk(b"data", b"")),
    ]
    for form in ("RF64", "W64", "AIFF", "CAF", "AU"):
        made.append(folder / f"a.{form.lower()}")
        soundfile.write(made[-1], audio, RATE, format=form)
    for form, suffix in (("WAV", "wav"), ("AIFF", "aiff")):
        made.append(folder / f"turned.{suffix}")
        soundfile.write(made[-1], audio, RATE, "PCM_24", "BIG" if form == "WAV" else "LITTLE", form)
    for name, codec in (
        ("a.mp3", "libmp3lame"),
        ("a.aac", "aac"),
        ("a.opus", "libopus"),
        ("a.mp4", "aac"),
        ("a.ts", "aac"),
    ):
        ffmpeg("-i", made[0], "-c:a", codec, folder / name)
        made.append(folder / name)
    made += [joined(folder / f"joined.{each.suffix[1:]}", each, each) for each in made[-5:] if each.suffix != ".mp4"]
    return made


def try_each(count: int, attempt: Callable[[random.Random], object]) -> None:
    """Each attempt with a chance of its own; it may end in an error for people."""
    for number in range(count):
        began = time.monotonic()
        try:
            attempt(random.Random(number))
        except SedError:
            pass
        except Exception as exc:
            exc.add_note(f"number {number}")
            raise
        assert time.monotonic() - began < MOST_SECONDS, f"number {number} hangs"


@pytest.mark.timeout(120)
def test_no_damage_to_a_recording_breaks_its_reader(
    recordings: list[Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor the reader of its time; what can be read is of numbers."""
    caplog.set_level(logging.CRITICAL, "edge")

    def attempt(chance: random.Random) -> None:
        whole = chance.choice(recordings)
        path = tmp_path / f"a{whole.suffix}"
        path.write_bytes(damaged(chance, whole.read_bytes()))
        time_in_metadata(path)
        assert np.isfinite(read_audio(path, RATE, seconds=60.0)).all()

    try_each(1500, attempt)


def test_no_damage_to_a_playlist_breaks_its_reader(tmp_path: Path) -> None:
    """Nor leads from the network to this machine."""

    def attempt(chance: random.Random) -> None:
        name = chance.choice(list(_PLAYLISTS))
        data = damaged(chance, _PLAYLISTS[name])
        (tmp_path / name).write_bytes(data)
        is_playlist_file(str(tmp_path / name))
        urls = [on_network(entry, "http://radio.example/list") for entry in entries_of(data, name) or []]
        assert all(url is None or url.lower().startswith(("http://", "https://", "rtsp", "udp://")) for url in urls)

    try_each(500, attempt)
