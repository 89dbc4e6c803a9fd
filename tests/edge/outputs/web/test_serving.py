"""What the guard lets pass, over loopback."""

import random
import socket

import pytest

from edge.errors import SettingError
from edge.outputs.web.access import Access
from edge.outputs.web.serving import WebServer
from tests.edge.outputs.web.server import asked, served
from tests.edge.outputs.web.test_access import TOKEN, basic

LOCAL = Access(host="127.0.0.1", port=0)


def test_every_answer_is_protected() -> None:
    """Pages and refusals alike: a strict policy, no sniffing, nothing kept."""
    with served(LOCAL) as port:
        for path, host, expected in (
            ("/where", "localhost", 200),
            ("/none", "localhost", 404),
            ("/where", "evil.example", 421),
        ):
            status, _, headers = asked(port, path, {"Host": host})
            assert expected == status
            assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self';")
            assert "unsafe" not in headers["Content-Security-Policy"]
            assert ("nosniff", "no-store") == (headers["X-Content-Type-Options"], headers["Cache-Control"])


def test_a_token_is_asked_for() -> None:
    """A browser then asks for a password."""
    with served(Access(host="127.0.0.1", port=0, token=TOKEN.encode())) as port:
        for wrong in ({}, {"Authorization": basic("0123456789abcdeX")}):
            status, content, headers = asked(port, "/where", wrong)
            assert (401, "needs the token\n") == (status, content)
            assert headers["WWW-Authenticate"].startswith("Basic realm=")
        assert (200, "/") == asked(port, "/where", {"Authorization": basic(TOKEN)})[:2]


@pytest.mark.parametrize(
    ("header", "said", "expected"),
    [
        ("X-Ingress-Path", "/api/hassio_ingress/a-B_9", "/api/hassio_ingress/a-B_9/"),
        ("X-Forwarded-Prefix", "/sed/", "/sed/"),
        ("X-Forwarded-Prefix", "//evil.example", "/"),
        ("X-Forwarded-Prefix", '/"><script>', "/"),
        ("X-Forwarded-Prefix", "/../etc", "/"),
    ],
)
def test_a_proxy_says_under_which_path_a_page_is_seen(header: str, said: str, expected: str) -> None:
    """Whether it takes the path off or not; a strange one is not believed."""
    with served(LOCAL) as port:
        assert (200, expected) == asked(port, "/where", {header: said})[:2]
        if expected != "/":
            assert (200, expected) == asked(port, f"{expected}where", {header: said})[:2]


def test_only_its_own_pages_may_post() -> None:
    """And only where it takes anything at all."""
    with served(LOCAL) as port:
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE"):
            assert 405 == asked(port, "/where", method=method)[0]
    with served(LOCAL, writes=True) as port:
        own = f"http://127.0.0.1:{port}"
        for headers in ({}, {"Sec-Fetch-Site": "same-origin"}, {"Origin": own}):
            assert 200 == asked(port, "/where", headers, "POST")[0]
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}, {"Origin": "null"}):
            assert 403 == asked(port, "/where", headers, "POST")[0]


def test_garbage_does_no_harm() -> None:
    """Two hundred broken requests: each is refused or cut off, and the next good one is answered."""
    chance = random.Random(7)
    good = b"GET /where HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Prefix: /a\r\nAuthorization: Basic eDp5\r\n\r\n"
    with served(LOCAL) as port:
        for _ in range(200):
            broken = bytearray(good)
            for _ in range(chance.randint(1, 12)):
                broken[chance.randrange(len(broken))] = chance.randrange(256)
            with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
                client.sendall(bytes(broken[: chance.randint(1, len(broken))]))
                client.shutdown(socket.SHUT_WR)
                client.recv(65_536)
        assert (200, "/") == asked(port, "/where")[:2]


def test_more_connections_than_there_may_be_are_cut_off() -> None:
    """Those that were first stay, and are answered; a place that is free again is taken."""
    with served(LOCAL) as port:
        clients = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(200)]
        cut = 0
        for client in clients[128:]:
            try:
                cut += client.recv(1) == b""
            except ConnectionResetError:
                cut += 1
        assert 72 == cut
        clients[0].sendall(b"GET /where HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert clients[0].recv(15) == b"HTTP/1.1 200 OK"
        for client in clients:
            client.close()
        assert 200 == asked(port, "/where")[0]


def test_an_address_in_use_is_refused() -> None:
    """Before anything is heard."""
    with served(LOCAL) as port, pytest.raises(SettingError, match=f"^--page 127.0.0.1:{port}: .* give a free port"):
        WebServer("--page", None, Access(host="127.0.0.1", port=port))  # type: ignore[arg-type]  # never called
