"""A real web server that takes notifications, or does not."""

import contextlib
import http.server
import json
import threading
import time
from collections.abc import Iterator
from typing import Any, NamedTuple


class Received(NamedTuple):
    """One request that the server answered."""

    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> dict[str, Any]:
        """As JSON."""
        return dict(json.loads(self.raw))


class Hook:
    """What a server does and what came: it may be changed and asked while the server runs.

    Attributes:
        status: of its next answers.
        headers: of its next answers.
        delay_seconds: before it answers.
        received: all requests so far.
    """

    def __init__(self) -> None:
        self.status, self.headers, self.delay_seconds = 204, dict[str, str](), 0.0
        self.received: list[Received] = []
        self.url = ""

    @property
    def delivered(self) -> list[dict[str, Any]]:
        """What came and was accepted."""
        return [request.body for request in self.received if request.status < 300]


@contextlib.contextmanager
def hook_server(port: int = 0) -> Iterator[Hook]:
    """A web server on this machine."""
    hook = Hook()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            status = hook.status
            time.sleep(hook.delay_seconds)
            with contextlib.suppress(OSError):
                self.send_response(status)
                for name, value in hook.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()
            hook.received.append(Received(status, {k.lower(): v for k, v in self.headers.items()}, raw))

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    hook.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    try:
        yield hook
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
