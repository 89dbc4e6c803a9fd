"""A small application behind the guard, and raw requests to it."""

import contextlib
import http.client
from collections.abc import Iterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from edge.outputs.web.access import Access
from edge.outputs.web.serving import WebServer


async def where(request: Request) -> PlainTextResponse:
    """Says under which path it is seen."""
    return PlainTextResponse(f"{request.scope['root_path']}/")


@contextlib.contextmanager
def served(access: Access, *, writes: bool = False) -> Iterator[int]:
    """The port of a running server with one page, `/where`."""
    server = WebServer(
        "--page", Starlette(routes=[Route("/where", where, methods=["GET", "POST"])]), access, writes=writes
    )
    server.start()
    try:
        yield server.port
    finally:
        server.close()


def asked(
    port: int, path: str, headers: dict[str, str] | None = None, method: str = "GET"
) -> tuple[int, str, http.client.HTTPMessage]:
    """Status, content and headers of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.headers
    finally:
        connection.close()
