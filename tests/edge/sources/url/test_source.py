import contextlib
import http.server
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from edge.sources.source import Block, State
from edge.sources.url.source import UrlSource
from tests.edge.live.broadcast import Broadcast
from tests.edge.live.hearing import Hearing, Span, coded_sound, lengths, spans
from tests.edge.live.servers import (
    Icecast,
    Program,
    Rtsp,
    free_port,
    hls_encoder,
    mpegts_sender,
    needs,
    rtp_sender,
    wait_until,
)
from tests.edge.live.web import web_program, web_server

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


def test_a_server_that_hangs_keeps_nobody_waiting(broadcast: Broadcast) -> None:
    """A source that is stopped ends within its time-out, whatever the server does."""
    with Rtsp(broadcast) as rtsp, Hearing(UrlSource(rtsp.url, name="a")) as hearing:
        hearing.wait_for_sound(1.0)
        rtsp.freeze()
        began = time.monotonic()
        hearing.stop()
        assert time.monotonic() - began < 8.0
