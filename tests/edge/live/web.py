"""Servers on the web, with a certificate or without."""

import contextlib
import functools
import http.server
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.edge.live.servers import SYSTEM_PYTHON, Program, answers, free_port, needs


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of localhost, signed by itself, and its key."""
    needs("openssl")
    paths = folder / "certificate.pem", folder / "key.pem"
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    request = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
        "-addext",
        names,
    ]
    subprocess.run(["openssl", *request, "-out", paths[0], "-keyout", paths[1]], check=True, capture_output=True)
    return paths


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def web_program(folder: Path) -> tuple[Program, str]:
    """A web server that can be frozen and killed, and its address."""
    port = free_port()
    command = [SYSTEM_PYTHON, "-m", "http.server", str(port), "--bind", "127.0.0.1", "-d", str(folder)]
    address = f"http://127.0.0.1:{port}"
    return Program(["env", "PYTHONUNBUFFERED=1", *command], ready=lambda: answers(address)), address


@contextlib.contextmanager
def web_server(
    folder: Path | None = None,
    handler: type[http.server.BaseHTTPRequestHandler] | None = None,
    files: tuple[Path, Path] | None = None,
) -> Iterator[str]:
    """A web server within the test, with a folder's files or a handler of its own; with a certificate, by TLS."""
    chosen = functools.partial(_Quiet, directory=str(folder)) if handler is None else handler
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), chosen)
    if files is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*files)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that leaves
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http{'s' if files else ''}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
