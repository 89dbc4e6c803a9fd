"""What servers on the web answer: without a length, with playlists, pages, redirects and bare samples."""

import contextlib
import http.server
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from edge.errors import SourceError
from edge.sources.audio import AudioFile
from edge.sources.opening import open_source
from edge.sources.source import Block, Gap, State
from edge.sources.url import UrlSource
from tests.conftest import DEMO
from tests.edge.live.hearing import items, lengths
from tests.edge.live.servers import needs
from tests.edge.live.web import web_server
from tests.edge.sources.audio.field import ffmpeg, joined
from tests.edge.sources.videos import write_video

SECONDS = 2.0


def write(path: Path) -> bytes:
    """A recording of `SECONDS`, in the format that its name says."""
    soundfile.write(path, 0.1 * np.random.default_rng(0).standard_normal(int(SECONDS * 48_000)), 48_000)
    return path.read_bytes()


@contextlib.contextmanager
def serving(answers: dict[str, tuple[str, bytes]], version: str = "HTTP/1.0", chunked: bool = False) -> Iterator[str]:
    """A server that answers each path with a media type and what it is; a type of `->` redirects to it."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = version

        def do_GET(self) -> None:
            kind, data = answers.get(self.path, ("404", b""))
            self.send_response(302 if kind == "->" else 404 if kind == "404" else 200)
            if kind == "->":
                self.send_header("Location", data.decode())
            elif kind:
                self.send_header("Content-Type", kind)
            if chunked:
                self.send_header("Transfer-Encoding", "chunked")
            else:
                self.send_header("Connection", "close")
                self.close_connection = True
            self.end_headers()
            pieces = [data[i : i + 65_536] for i in range(0, len(data), 65_536)] if kind != "->" else []
            for piece in pieces:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
            if chunked:
                self.wfile.write(b"0\r\n\r\n")

        def log_message(self, *_: object) -> None:
            pass

    with web_server(handler=Handler) as address:
        yield address


def heard(url: str) -> tuple[float, bool]:
    """The seconds that a source says until it ends by itself, and whether it was live."""
    source = open_source(url)
    stopping = threading.Event()
    timer = threading.Timer(60.0, stopping.set)
    timer.start()
    seconds = sum(item.seconds for item in source.items(stopping) if isinstance(item, Block))
    timer.cancel()
    assert not stopping.is_set(), "it does not end by itself"
    return seconds, source.live


@pytest.mark.parametrize("form", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize(("version", "chunked"), [("HTTP/1.0", False), ("HTTP/1.1", False), ("HTTP/1.1", True)])
def test_a_download_without_a_length_is_heard_once(form: str, version: str, chunked: bool, tmp_path: Path) -> None:
    """As web applications send recordings."""
    with serving({"/a": ("", write(tmp_path / f"a.{form}"))}, version, chunked) as address:
        seconds, live = heard(f"{address}/a")
    assert pytest.approx(SECONDS, abs=0.1) == seconds
    assert not live


def test_a_stream_that_breaks_at_once_is_no_download() -> None:
    """A server without `icy-` headers that sends a little, more slowly than it sounds, and is there again."""
    form = struct.pack("<4sIHHIIHH4sI", b"fmt ", 16, 1, 1, 16_000, 32_000, 2, 16, b"data", 0xFFFFFFFF)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"RIFF\xff\xff\xff\xffWAVE" + form)
            for _ in range(3):
                self.wfile.write(3200 * b"ab")
                time.sleep(0.2)

        def log_message(self, *_: object) -> None:
            pass

    with web_server(handler=Handler) as address:
        source, states = open_source(f"{address}/a"), []
        for item in source.items(threading.Event()):
            states += [item.state] if isinstance(item, State) else []
            if states.count("connected") == 2:
                break
    assert source.live
    assert ["connected", "lost"] == states[:2]


def test_the_sound_of_a_video_may_begin_later(tmp_path: Path) -> None:
    """By its own clock, as that of a file does."""
    write_video(tmp_path / "a.mp4", 0.1 * np.random.default_rng(0).standard_normal(16_000), 3.0)
    with web_server(tmp_path) as address:
        first = next(open_source(f"{address}/a.mp4").items(threading.Event()))
    assert Gap(pytest.approx(3.0, abs=0.1), "absent") == first


@pytest.mark.parametrize("suffix", ["ts", "aac"])
def test_a_rate_that_changes_on_the_way_leaves_out_nothing(suffix: str, tmp_path: Path) -> None:
    """FFmpeg goes on to count its time stamps by the first rate."""
    soundfile.write(tmp_path / "a.wav", np.zeros(32_000), 16_000)
    parts = [tmp_path / f"{rate}.{suffix}" for rate in (16_000, 48_000)]
    for part in parts:
        ffmpeg("-i", tmp_path / "a.wav", "-ar", part.stem, "-c:a", "aac", part)
    joined(tmp_path / f"a.{suffix}", *parts)
    with web_server(tmp_path) as address:
        items = list(open_source(f"{address}/a.{suffix}").items(threading.Event()))
    assert [16_000, 48_000] == sorted({item.sample_rate for item in items if isinstance(item, Block)})
    assert [] == [item for item in items if isinstance(item, Gap)]
    assert pytest.approx(4.0, abs=0.3) == sum(item.seconds for item in items if isinstance(item, Block))


@pytest.mark.parametrize("suffix", ["mka", "ts"])
def test_another_sound_track_can_be_chosen(suffix: str, tmp_path: Path) -> None:
    """By number or language; the one that is marked as default is heard else."""
    silent, sounding = (("-f", "lavfi", "-i", each) for each in ("anullsrc=r=16000:cl=mono:d=2", "sine=d=2"))
    marks = ("-metadata:s:a:0", "language=deu", "-metadata:s:a:1", "language=eng", "-disposition:a:1", "default")
    ffmpeg(*silent, *sounding, "-map", 0, "-map", 1, "-c:a", "mp2", *marks, tmp_path / f"a.{suffix}")
    with serving({"/a": ("", (tmp_path / f"a.{suffix}").read_bytes())}) as address:

        def is_silent(track: str) -> bool:
            items = open_source(f"{address}/a", track=track).items(threading.Event())
            return not any(item.samples.any() for item in items if isinstance(item, Block))

        default = {"default": suffix == "ts"}  # which marks none
        expected = {"1": True, "2": False, "eng": False, "deu": True} | default
        assert expected == {track: is_silent(track) for track in expected}
        with pytest.raises(SourceError, match="has no sound track fra; expected --track default or one of 1"):
            is_silent("fra")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.m3u", "#EXTM3U\na.wav\nHTTP://{address}/a.wav\n"),
        ("list.pls", "\ufeff[playlist]\r\nFile1=a.wav\r\nFile2=http://{address}/a.wav\r\n"),
        ("list", "<asx><entry><ref href='a.wav'/></entry><entry><ref href='/a.wav'/></entry></asx>"),
        ("list.m3u", "gone.wav\nfile:///etc/passwd\na.wav\nnested.m3u\n"),
    ],
)
def test_a_playlist_is_played(name: str, text: str, tmp_path: Path) -> None:
    """Entry after entry; what cannot be heard is left out."""
    answers = {"/a.wav": ("audio/wav", write(tmp_path / "a.wav")), "/nested.m3u": ("", b"a.wav")}
    with serving(answers) as address:
        answers[f"/{name}"] = ("", text.replace("{address}", address.partition("//")[2]).encode())
        seconds, live = heard(f"{address}/{name}")
    assert pytest.approx(2 * SECONDS, abs=0.1) == seconds
    assert not live


def circle(path: str) -> tuple[str, bytes]:
    """The next of three playlists, each in a circle."""
    return "audio/x-mpegurl", path.encode()


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"/x": circle("x")}, "circle"),
        ({"/x": circle("y"), "/y": circle("z"), "/z": circle("x")}, "circle"),
        ({"/x": circle("y"), "/y": ("->", b"/z"), "/z": circle("x")}, "circle"),
        ({"/x": circle("y"), "/y": ("->", b"/x")}, "circle"),
        ({"/x": circle("file:///etc/passwd")}, "leads away from the network"),
        ({"/x": circle("concat:/etc/passwd")}, "leads away from the network"),
        ({"/x": circle("data:audio/wav;base64,AAAA")}, "leads away from the network"),
        ({"/x": circle("#EXTM3U\n# nothing")}, "without entries"),
        ({"/x": ("text/html", b"<html>hello</html>" * 200)}, "web page"),
        ({"/x": ("", b"<!doctype html>")}, "web page"),
    ],
)
def test_what_leads_to_no_sound_is_an_error_at_once(answers: dict[str, tuple[str, bytes]], message: str) -> None:
    """In one line, without a retry."""
    with serving(answers) as address, pytest.raises(SourceError, match=message):
        heard(f"{address}/x")


def test_no_redirect_leads_to_a_file(tmp_path: Path) -> None:
    """Whoever answers for a URL does not get a file of this machine heard."""
    write(tmp_path / "a.wav")
    with serving({"/x": ("->", f"file://{tmp_path}/a.wav".encode())}) as address:
        source = UrlSource(f"{address}/x", name="a", once=True)
        with pytest.raises(SourceError):
            list(source.items(threading.Event()))


def test_bare_samples_are_known_by_their_type(tmp_path: Path) -> None:
    """As network cameras send G.711."""
    with av.open(str(tmp_path / "a.ul"), "w", format="mulaw") as file:
        stream = file.add_stream("pcm_mulaw", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.full((1, 16_000), 1000, np.int16), format="s16", layout="mono")
        frame.rate = 8000
        file.mux(stream.encode(frame))
    with serving({"/x": ("audio/basic", (tmp_path / "a.ul").read_bytes())}) as address:
        seconds, live = heard(f"{address}/x")
    assert pytest.approx(2.0) == seconds
    assert not live


def test_a_playlist_on_this_machine_names_files(tmp_path: Path) -> None:
    """Relative to its folder, those of playlists in it too, and not in circles."""
    write(tmp_path / "b c.wav")
    (tmp_path / "list.m3u").write_text("b c.wav\nb%20c.wav\nmic\nother.pls\n")
    (tmp_path / "other.pls").write_text(f"[playlist]\nFile1=list.m3u\nFile2=file://{tmp_path}/b%20c.wav\n")
    source = open_source(str(tmp_path / "list.m3u"))
    items = list(source.items(threading.Event()))
    assert pytest.approx(3 * SECONDS) == sum(item.seconds for item in items if isinstance(item, Block))
    assert 1 == sum("circle" in item.detail for item in items if isinstance(item, State))


def test_a_download_is_heard_as_a_file_is() -> None:
    """At once, whole, once, and without a time of day."""
    with web_server(DEMO.parent) as address:
        source = UrlSource(f"{address}/{DEMO.name}", name="a")
        heard = [item for item in source.items(threading.Event()) if isinstance(item, Block)]
    assert not source.live
    assert {None} == {block.heard_at for block in heard}
    with AudioFile(DEMO) as file:
        expected = np.concatenate([piece.samples for piece in file.pieces()])
    np.testing.assert_array_equal(expected, np.concatenate([block.samples for block in heard]))


def test_a_download_that_breaks_off_is_an_error() -> None:
    """Not the end of the file."""

    class Short(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = DEMO.read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[: len(data) // 2])

        def log_message(self, *_: object) -> None:
            pass

    with web_server(handler=Short) as address, pytest.raises(SourceError, match="a: "):
        list(UrlSource(f"{address}/a.ogg", name="a").items(threading.Event()))


def test_a_download_of_an_unknown_codec_is_an_error(tmp_path: Path) -> None:
    """A WAV whose format has a number that nobody uses."""
    soundfile.write(tmp_path / "a.wav", np.zeros(1600), 16_000)
    data = bytearray((tmp_path / "a.wav").read_bytes())
    data[20:22] = b"\x77\x77"
    (tmp_path / "a.wav").write_bytes(data)
    with web_server(tmp_path) as address, pytest.raises(SourceError, match="holds no sound that can be decoded"):
        items(f"{address}/a.wav")


def test_a_whole_playlist_is_a_download(tmp_path: Path) -> None:
    """HLS that has an end."""
    needs("ffmpeg")
    command = ["ffmpeg", "-v", "error", "-nostdin", "-t", "6", "-i"]
    subprocess.run([*command, DEMO, *["-c:a", "aac", "-f", "hls", "-hls_time", "2"], tmp_path / "a.m3u8"], check=True)
    with web_server(tmp_path) as address:
        source = UrlSource(f"{address}/a.m3u8", name="a")
        heard = list(source.items(threading.Event()))
    assert not source.live
    assert 6.0 == pytest.approx(sum(lengths(heard)), abs=0.1)
