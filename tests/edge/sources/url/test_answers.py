"""What a source makes of what a server answers: a refusal, nothing yet, an end, a wish for a password."""

import http.server
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import ClassVar

import numpy as np
import pytest
import soundfile

from edge.errors import SourceError
from edge.sources.arrival import Backoff
from edge.sources.source import Block, Gap
from edge.sources.url import source
from edge.sources.url.source import UrlSource
from tests.edge.live.hearing import Hearing, items, lengths
from tests.edge.live.servers import free_port, wait_until
from tests.edge.live.web import web_server

pytestmark = pytest.mark.realtime


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


def test_once_means_once(answering: str) -> None:
    """A stream that ends is at its end; one that is not there is an error."""
    heard = items(f"{answering}/200")
    assert 0.5 == pytest.approx(sum(lengths(heard)), abs=0.1)
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


def test_a_password_is_used_and_never_shown(answering: str) -> None:
    """Not on stderr with every logger on, not in errors, their causes or what the source says."""
    place = answering.removeprefix("http://")
    assert lengths(items(f"http://me:secret%401@{place}/200-private"))
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
