import contextlib
import http.server
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar, NamedTuple

import numpy as np
import pytest
import soundfile

from edge.errors import SourceError
from edge.sources.arrival import Backoff
from edge.sources.audio import AudioFile
from edge.sources.source import Block, Gap, State
from edge.sources.url import source
from edge.sources.url.source import UrlSource
from edge.sources.url.urls import redacted
from tests.conftest import DEMO
from tests.edge.live.hearing import Hearing, Span, coded_sound, lengths, spans
from tests.edge.live.servers import (
    Broadcast,
    Icecast,
    Program,
    Rtsp,
    certificate,
    free_port,
    hls_encoder,
    mpegts_sender,
    needs,
    rtp_sender,
    wait_until,
    web_program,
    web_server,
)

pytestmark = pytest.mark.realtime


class Station(NamedTuple):
    """A live stream of the broadcast: whom to kill, and how exact its time can be (seconds)."""

    url: str
    options: dict[str, str]
    server: Program
    player: Program
    exact: float


@contextlib.contextmanager
def station(kind: str, broadcast: Broadcast, folder: Path) -> Iterator[Station]:
    """One of `KINDS`, on the air."""
    with contextlib.ExitStack() as stack:
        if kind in ("mp3", "opus"):
            icecast = stack.enter_context(Icecast())
            player = stack.enter_context(icecast.player(broadcast, kind))
            yield Station(icecast.url("live"), {}, icecast, player, 0.3)
        elif kind in ("rtsp-tcp", "rtsp-udp"):
            rtsp = stack.enter_context(Rtsp(broadcast))
            yield Station(rtsp.url, {"rtsp_transport": kind[5:]}, rtsp, rtsp, 0.3)
        elif kind == "hls":
            player = stack.enter_context(hls_encoder(broadcast, folder, 1.0))
            server, address = web_program(folder)
            stack.enter_context(server)
            yield Station(f"{address}/live.m3u8", {}, server, player, 1.5)
        else:
            port = free_port(socket.SOCK_DGRAM)
            sdp = folder / "live.sdp"
            sender = mpegts_sender(broadcast, port) if kind == "udp" else rtp_sender(broadcast, port, sdp)
            stack.enter_context(sender)
            url = f"udp://127.0.0.1:{port}" if kind == "udp" else str(sdp)
            yield Station(url, {}, sender, sender, 0.3)


KINDS = ("mp3", "opus", "rtsp-tcp", "rtsp-udp", "hls", "udp", "rtp")


@pytest.fixture(scope="module")
def broadcast() -> Iterator[Broadcast]:
    """A sound that can be found again to the millisecond."""
    with Broadcast(coded_sound(), 48_000) as playing:
        yield playing


def in_order(found: list[Span], exact: float, early: float = 0.05) -> float:
    """Check that each second was heard when it is said to be, and none twice; return seconds missing in between."""
    late = [span.claimed - span.true for span in found]
    assert -early < min(late) and max(late) < exact, found
    steps = np.diff([span.true for span in found])
    assert steps.min() > 0.9, found
    return float((steps - 1.0).sum())


@pytest.mark.parametrize("kind", KINDS)
def test_sound_arrives_with_its_time(kind: str, broadcast: Broadcast, tmp_path: Path) -> None:
    """Whole, in order, and heard when it was made."""
    with station(kind, broadcast, tmp_path) as on_air:
        with Hearing(UrlSource(on_air.url, name="a", options=on_air.options)) as hearing:
            hearing.wait_for_sound(4.0)
        found = spans(hearing.items, broadcast)
    assert ["connected"] == hearing.states()
    lost = sum(gap.seconds for gap in hearing.gaps())  # by UDP, on a busy machine
    assert lost < (0.5 if "udp" in kind or kind == "rtp" else 1e-9)
    assert len(found) >= 3
    assert in_order(found, on_air.exact) < 0.1 + lost


def check_a_break(hearing: Hearing, broadcast: Broadcast, exact: float, *, recovered: bool = False) -> None:
    """Sound before and after a break, none twice, and gaps that say what was missed."""
    found = spans(hearing.items, broadcast)
    missing = in_order(found, exact)
    told = sum(gap.seconds for gap in hearing.gaps())
    # Of the seconds around each break only whole ones are found.
    assert told - (exact - 0.1) <= missing <= told + (exact - 0.1) + 3.0 * len(hearing.gaps()), (told, found)
    assert recovered or told > 0.5


def away_and_back(on_air: Station, leave: Callable[[], None], come_back: Callable[[], None]) -> tuple[Hearing, float]:
    """Hear some sound, a break, and some sound more; also how many seconds after the return there was a connection."""
    with Hearing(UrlSource(on_air.url, name="a", options=on_air.options)) as hearing:
        hearing.wait_for_sound(4.0)
        leave()
        come_back()
        began, before = time.monotonic(), len(hearing.items)
        wait_until(lambda: lengths(hearing.items[before:]) or "connected" in hearing.states(before), "it back")
        took = time.monotonic() - began
        hearing.wait_for_sound(5.0, before)
        # A server may break off once more as it wakes, and a gap that no whole second follows is between no spans.
        wait_until(lambda: hearing.seconds_since_gap() >= 2.0, "sound after the last gap")
    return hearing, took


@pytest.mark.parametrize("kind", ["opus", *(pytest.param(k, marks=pytest.mark.slow) for k in KINDS if k != "opus")])
def test_a_server_that_was_killed_is_heard_again(kind: str, broadcast: Broadcast, tmp_path: Path) -> None:
    """Within five seconds of its return, with a gap for what was missed and nothing twice."""

    def leave() -> None:
        on_air.server.kill()
        on_air.player.kill()
        time.sleep(3.0)

    def come_back() -> None:
        on_air.server.start()
        if on_air.player is not on_air.server:
            on_air.player.start()

    with station(kind, broadcast, tmp_path) as on_air:
        hearing, took = away_and_back(on_air, leave, come_back)
    assert took < 5.0
    check_a_break(hearing, broadcast, on_air.exact)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_hung_is_heard_again(kind: str, broadcast: Broadcast, tmp_path: Path) -> None:
    """For ten seconds it did not say a word."""

    def leave() -> None:
        on_air.server.freeze()
        time.sleep(10.0)

    with station(kind, broadcast, tmp_path) as on_air:
        hearing, took = away_and_back(on_air, leave, on_air.server.thaw)
    assert took < 5.0
    # What Icecast kept meanwhile is heard late, but heard.
    check_a_break(hearing, broadcast, on_air.exact, recovered=kind in ("mp3", "opus"))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mp3", "opus", "hls"])
def test_another_player_is_heard(kind: str, broadcast: Broadcast, tmp_path: Path) -> None:
    """The server stays, who plays to it goes, and two seconds later another comes."""

    def leave() -> None:
        on_air.player.kill()
        time.sleep(2.0)

    with station(kind, broadcast, tmp_path) as on_air:
        hearing, took = away_and_back(on_air, leave, on_air.player.start)
    assert took < 5.0
    check_a_break(hearing, broadcast, on_air.exact)


def relay(
    broadcast: Broadcast, encoder: str, spoil: Callable[[int, bytes], bytes]
) -> type[http.server.BaseHTTPRequestHandler]:
    """Plays the broadcast through FFmpeg, and does something to the bytes, told how many came before."""

    class Relay(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            command = broadcast.encoded(*encoder.split(), "-flush_packets", "1", "pipe:1")
            with subprocess.Popen(command, stdout=subprocess.PIPE) as process, contextlib.suppress(OSError):
                assert process.stdout is not None
                done = 0
                while data := os.read(process.stdout.fileno(), 4096):
                    self.wfile.write(spoil(done, data))
                    done += len(data)
            process.kill()

        def log_message(self, *_: object) -> None:
            pass

    return Relay


@pytest.mark.parametrize(
    "encoder",
    [
        "-c:a libmp3lame -b:a 96k -f mp3",
        pytest.param("-c:a libopus -b:a 96k -page_duration 200000 -f ogg", marks=pytest.mark.slow),
        pytest.param("-c:a aac -b:a 96k -f mpegts", marks=pytest.mark.slow),
        pytest.param("-c:a aac -b:a 96k -f adts", marks=pytest.mark.slow),
        pytest.param("-c:a flac -f flac", marks=pytest.mark.slow),
    ],
)
def test_garbage_in_between_is_survived(encoder: str, broadcast: Broadcast) -> None:
    """Bytes that mean nothing, and bytes that are missing: the sound after them has its time."""
    needs("ffmpeg")
    random = np.random.default_rng(0)
    spoilt = []

    def spoil(done: int, data: bytes) -> bytes:
        if done // 40_000 == len(spoilt):
            return data
        spoilt.append(done)
        return data[:100] + random.bytes(3000) + data[len(data) // 2 :]

    with web_server(handler=relay(broadcast, encoder, spoil)) as address:
        with Hearing(UrlSource(address, name="a")) as hearing:
            hearing.wait_for_sound(8.0)
        found = spans(hearing.items, broadcast)
    assert len(spoilt) >= 1
    assert ["connected"] == hearing.states()
    assert len(found) >= 4
    in_order(found, 1.0)  # FFmpeg fills its pipe by the block


@pytest.mark.slow
def test_a_rate_that_changes_on_the_way_is_survived(broadcast: Broadcast) -> None:
    """Another player with another rate and more channels, within one connection."""
    needs("ffmpeg")

    class Changing(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            with contextlib.suppress(OSError):
                for encoder in ("-ar 44100 -ac 1", "-ar 32000 -ac 2", "-ar 48000 -ac 1"):
                    command = broadcast.encoded(*f"-t 4 -b:a 96k {encoder} -f mp3 pipe:1".split())
                    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
                        assert process.stdout is not None
                        while data := os.read(process.stdout.fileno(), 4096):
                            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    with web_server(handler=Changing) as address, Hearing(UrlSource(address, name="a")) as hearing:
        hearing.wait_for_state("lost")
    heard: dict[tuple[int, int], float] = {}
    for item in hearing.items:
        if isinstance(item, Block):
            form = item.sample_rate, item.samples.shape[1]
            heard[form] = heard.get(form, 0.0) + len(item.samples) / item.sample_rate
    # Where one ends and the other begins, the decoder mixes them up for a moment.
    assert [(44_100, 1), (32_000, 2), (48_000, 1)] == [form for form, seconds in heard.items() if seconds > 2.0]
    # What each misses while it starts is too little to be noticed at once.
    in_order(spans(hearing.items, broadcast), 1.0, early=0.5)


class Answers(http.server.BaseHTTPRequestHandler):
    """Answers as told by the path: a status, or a file of sound; one path wants a password."""

    sound: ClassVar[bytes] = b""

    def do_GET(self) -> None:
        status = int(re.findall(r"^/([0-9]{3})", self.path)[0])
        if self.path.startswith("/200-private") and self.headers["Authorization"] != "Basic bWU6c2VjcmV0QDE=":
            status = 401
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="a"')
        self.send_header("icy-name", "a radio, which has no end")
        self.end_headers()
        if status == 200:
            self.wfile.write(self.sound)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def answering(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that plays half a second and hangs up."""
    path = tmp_path_factory.mktemp("sound") / "a.mp3"
    soundfile.write(path, 0.1 * np.random.default_rng(0).standard_normal(24_000), 48_000)
    Answers.sound = path.read_bytes()
    with web_server(handler=Answers) as address:
        yield address


def items(url: str, *, once: bool = True, **options: str) -> list[object]:
    """What a source says until it ends."""
    source = UrlSource(url, name=redacted(url), options=options, once=once)
    return list(source.items(threading.Event()))


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (401, "401 Unauthorized .*; check user and password"),
        (403, "403 Forbidden"),
        (400, "400 Bad Request"),
        (410, "410|4XX"),
    ],
)
def test_a_server_that_refuses_is_an_error_at_once(answering: str, status: int, message: str) -> None:
    """Nobody waits for a password to become right."""
    with pytest.raises(SourceError, match=message):
        items(f"{answering}/{status}", once=False)


@pytest.mark.parametrize("path", ["404", "500", "200-text"])
def test_what_may_come_is_waited_for(answering: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mount to which nobody plays yet, a server in trouble: it is said once, and tried again."""
    monkeypatch.setattr(Answers, "sound", b"no sound\n" * 1000)
    monkeypatch.setattr(source, "Backoff", lambda *_: Backoff(0.01, 0.01))
    with Hearing(UrlSource(f"{answering}/{path}", name="a")) as hearing:
        hearing.wait_for_state("retrying")
        time.sleep(0.5)
    assert ["retrying"] == hearing.states()
    assert [] == hearing.gaps()


def test_a_server_is_waited_for(broadcast: Broadcast) -> None:
    """It comes up later than we do."""
    rtsp = Rtsp(broadcast)
    with Hearing(UrlSource(rtsp.url, name="a")) as hearing:
        hearing.wait_for_state("retrying")
        with rtsp:
            hearing.wait_for_sound(1.0)
    assert ["retrying", "connected"] == hearing.states()[:2]
    assert isinstance(hearing.items[0], State)
    assert "Connection refused" == hearing.items[0].detail
    assert sum(gap.seconds for gap in hearing.gaps()) < 0.5  # a busy server begins with a stutter


def test_once_means_once(answering: str) -> None:
    """A stream that ends is at its end; one that is not there is an error."""
    heard = items(f"{answering}/200")
    assert 0.5 == pytest.approx(sum(lengths(heard)), abs=0.1)  # type: ignore[arg-type]
    for path in ("404", "500"):
        with pytest.raises(SourceError, match=path):
            items(f"{answering}/{path}")
    with pytest.raises(SourceError, match="Connection refused"):
        items(f"http://127.0.0.1:{free_port()}/a")


def test_a_source_that_is_stopped_while_lost_tells_the_gap(answering: str) -> None:
    """From the last sound to the end."""
    with Hearing(UrlSource(f"{answering}/200", name="a")) as hearing:
        hearing.wait_for_state("lost")
        time.sleep(0.2)
    (*_, block) = (item for item in hearing.items if isinstance(item, Block))
    assert block.heard_at is not None
    last = hearing.items[-1]
    assert isinstance(last, Gap)
    assert "reconnect" == last.reason


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


def test_a_certificate_that_nobody_signed_is_refused(tmp_path: Path) -> None:
    """Unless the user trusts it, or anybody."""
    files = certificate(tmp_path)
    soundfile.write(tmp_path / "\u00e9.wav", np.zeros(1600), 16_000)
    with web_server(tmp_path, files=files) as address:
        with pytest.raises(SourceError, match=r"not trusted \(self-signed certificate\); give option ca_file=FILE"):
            items(f"{address}/\u00e9.wav", once=False)
        for options in ({"ca_file": str(files[0])}, {"tls_verify": "0"}):
            assert 0.1 == sum(lengths(items(f"{address}/\u00e9.wav", **options)))  # type: ignore[arg-type]


def test_segments_come_over_connections_that_are_verified_too(tmp_path: Path) -> None:
    """FFmpeg would take them from anybody, once the playlist is right."""
    needs("ffmpeg")
    folders = tmp_path / "playlist", tmp_path / "segments"
    for folder in folders:
        folder.mkdir()
    ours, theirs = (certificate(folder) for folder in folders)
    command = ["ffmpeg", "-v", "error", "-nostdin", "-t", "4", "-i"]
    subprocess.run([*command, DEMO, *["-c:a", "aac", "-f", "hls"], folders[1] / "a.m3u8"], check=True)
    with web_server(folders[0], files=ours) as address, web_server(folders[1], files=theirs) as elsewhere:
        text = (folders[1] / "a.m3u8").read_text()
        (folders[0] / "a.m3u8").write_text(re.sub(r"(?m)^a[0-9]+\.ts$", rf"{elsewhere}/\g<0>", text))
        with pytest.raises(SourceError, match=r"cannot be fetched|not trusted"):
            items(f"{address}/a.m3u8", ca_file=str(ours[0]))
        assert 4.0 == pytest.approx(
            sum(lengths(items(f"{elsewhere}/a.m3u8", ca_file=str(theirs[0])))),  # type: ignore[arg-type]
            abs=0.1,
        )


def test_a_camera_is_verified_too(tmp_path: Path) -> None:
    """By rtsps."""
    needs("gst-rtsp-server")
    files = certificate(tmp_path)
    with Rtsp(None, files) as rtsp:
        with pytest.raises(SourceError, match="certificate is not trusted"):
            items(rtsp.url, once=False)
        with Hearing(UrlSource(rtsp.url, name="a", options={"ca_file": str(files[0])})) as hearing:
            hearing.wait_for_sound(1.0)


def test_a_password_is_used_and_never_shown(answering: str) -> None:
    """Not on stderr with every logger on, not in errors, their causes or what the source says."""
    place = answering.removeprefix("http://")
    assert lengths(items(f"http://me:secret%401@{place}/200-private"))  # type: ignore[arg-type]
    code = (
        "import logging, sys, threading, traceback\n"
        "from edge.sources.url.source import UrlSource\nfrom edge.sources.url.urls import redacted\n"
        "logging.basicConfig(level=0)\n"
        "for url in sys.argv[1:]:\n"
        "    try:\n"
        "        print(list(UrlSource(url, name=redacted(url), once=True).items(threading.Event())))\n"
        "    except Exception:\n"
        "        traceback.print_exc()\n"
    )
    urls = [
        f"http://me:secret@{place}/200-private?token=secret",
        f"http://me:secret@{place}/404?secret",
        f"http://me:secret@127.0.0.1:{free_port()}/a",
        f"rtsp://me:secret@127.0.0.1:{free_port()}/a",
        f"https://me:secret@{place}/a",
        "http://me:sec ret@host/secret@a",
        "foo://me:secret@host",
    ]
    done = subprocess.run([sys.executable, "-c", code, *urls], capture_output=True, text=True, check=True)
    assert len(urls) == done.stderr.count("SourceError: ")
    assert "***@" in done.stderr
    assert "secret" not in done.stderr + done.stdout
    assert "sec ret" not in done.stderr + done.stdout


def test_a_server_that_hangs_keeps_nobody_waiting(broadcast: Broadcast) -> None:
    """A source that is stopped ends within its time-out, whatever the server does."""
    with Rtsp(broadcast) as rtsp, Hearing(UrlSource(rtsp.url, name="a")) as hearing:
        hearing.wait_for_sound(1.0)
        rtsp.freeze()
        began = time.monotonic()
        hearing.stop()
        assert time.monotonic() - began < 8.0


def test_nothing_is_left_of_200_reconnects(answering: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No thread and no descriptor, of streams that end and of servers that are not there."""
    monkeypatch.setattr(source, "Backoff", lambda *_: Backoff(0.001, 0.001))
    earlier = set(threading.enumerate())

    def left() -> tuple[set[threading.Thread], int]:
        return set(threading.enumerate()) - earlier, len(os.listdir("/proc/self/fd"))

    def reconnect(times: int) -> None:
        for url, state, count in (
            (f"{answering}/200", "connected", times),
            (f"http://127.0.0.1:{free_port()}", "retrying", 1),
        ):
            with Hearing(UrlSource(url, name="a")) as hearing:
                wait_until(lambda h=hearing, s=state, c=count: h.states().count(s) >= c, f"{count} of {state}", 120)  # type: ignore[misc]
                time.sleep(0.3)

    reconnect(3)  # what is opened once and for all
    wait_until(lambda: not left()[0], "the server's own threads to end")
    before = left()
    reconnect(200)
    wait_until(lambda: left() == before, f"{before}, threads and descriptors, instead of {left()}", 10)
