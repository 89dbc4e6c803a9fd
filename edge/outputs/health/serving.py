"""The output that says over HTTP how a run is. Each request has a thread: a stalled listener answers, too.

| path     | answer                                                                                                |
|----------|-------------------------------------------------------------------------------------------------------|
| /livez   | 200 while the process runs                                                                            |
| /readyz  | 200 once a first sound was heard, else 503                                                            |
| /healthz | 200 if nothing is wrong, else 503; JSON with `status` and `reasons`                                   |
| /metrics | metrics of Prometheus                                                                                 |
"""

import http.server
import json
import socket
import threading
import time
from http import HTTPStatus
from urllib.parse import urlsplit

from edge.errors import SettingError
from edge.log import Record
from edge.outputs.health.state import HealthState, Limits
from edge.outputs.output import Output, OutputContext, Sound
from edge.outputs.values import read_address

_REQUEST_SECONDS = 10.0


class HealthOutput(Output):
    """Serves health and metrics.

    Args:
        address: `HOST:PORT`; port 0 takes a free one.
        limits: beyond which a source is unhealthy.
        context: of the run.

    Attributes:
        port: that it listens on.

    Raises:
        ModuleNotFoundError: if prometheus-client is missing.
        SettingError: if the address means nothing, or cannot be listened on.
    """

    name, hears = "health", True

    def __init__(self, address: str, limits: Limits, context: OutputContext) -> None:
        super().__init__()
        self._state = HealthState(
            context.begun, limits, context.log_failure, lambda: self.states_of_run(), time.monotonic()
        )
        self._server = _Server(read_address("--health", address, "127.0.0.1:9464"), self._state)
        self.port = int(self._server.server_address[1])

    def start(self) -> None:
        """Answer from now on."""
        threading.Thread(target=self._server.serve_forever, name="health", daemon=True).start()

    def write(self, record: Record) -> None:
        """See `Output.write`."""
        self._state.note(record, time.monotonic())

    def hear(self, sound: Sound) -> None:
        """See `Output.hear`."""
        self._state.hear(sound)

    def close(self) -> None:
        """Answer no longer."""
        self._server.shutdown()
        self._server.server_close()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], state: HealthState) -> None:
        from edge.outputs.health.metrics import Metrics  # prometheus-client is of an extra

        self.state, self.metrics = state, Metrics(state)
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        try:
            super().__init__(address, _Handler)
        except (OSError, UnicodeError) as exc:
            reason = exc.strerror if isinstance(exc, OSError) else exc
            raise SettingError(
                f"--health {address[0]}:{address[1]}: {reason}; give a free port of this machine"
            ) from exc

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that leaves is no trouble."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server
    server_version, sys_version = "sed-edge", ""
    timeout = _REQUEST_SECONDS

    def do_GET(self) -> None:
        """Answer a request."""
        match urlsplit(self.path).path:
            case "/livez":
                self._say(HTTPStatus.OK, "text/plain; charset=utf-8", b"ok\n")
            case "/readyz":
                self._say_state([] if self.server.state.is_ready else [{"reason": "start", "detail": "no sound yet"}])
            case "/healthz":
                problems = self.server.state.problems(time.monotonic())
                self._say_state([problem._asdict() for problem in problems])
            case "/metrics":
                content, content_type = self.server.metrics.text(self.headers.get("Accept", ""))
                self._say(HTTPStatus.OK, content_type, content)
            case _:
                self._say(HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", b"/livez /readyz /healthz /metrics\n")

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # as it is called
        """Say nothing of requests."""

    def _say_state(self, reasons: list[dict[str, str]]) -> None:
        said = {"status": "failing" if reasons else "ok", "reasons": reasons}
        status = HTTPStatus.SERVICE_UNAVAILABLE if reasons else HTTPStatus.OK
        self._say(status, "application/json", json.dumps(said, ensure_ascii=False).encode() + b"\n")

    def _say(self, status: HTTPStatus, content_type: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
