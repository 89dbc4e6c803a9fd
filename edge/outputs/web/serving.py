"""A server of local pages, in a thread of its own."""

import asyncio
import contextlib
import socket
import threading

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from edge.errors import SettingError
from edge.outputs.web.access import Access
from edge.outputs.web.guard import Guard

_MOST_CONNECTIONS = 128  # a file each, of which a process has often no more than 1,024
_UNREAD_SECONDS = 30  # until a client that reads nothing is given up
_CLOSE_SECONDS = 5.0


class WebServer:
    """Serves an application on an address of this machine.

    Args:
        flag: the option that turns the page on, as errors name it.
        app: the application.
        access: who may ask.
        writes: whether the application takes POST.

    Attributes:
        port: that it listens on.

    Raises:
        SettingError: if the address cannot be listened on.
    """

    def __init__(self, flag: str, app: ASGIApp, access: Access, *, writes: bool = False) -> None:
        self._socket = _listening(flag, access.host, access.port)
        self.port = int(self._socket.getsockname()[1])
        self._server = _Server(
            uvicorn.Config(
                Guard(app, access, writes=writes),
                loop="asyncio",
                http=_Protocol,
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="critical",
                access_log=False,
                server_header=False,
                date_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=1,
            )
        )
        self._thread = threading.Thread(target=self._serve, name=f"web {flag}", daemon=True)

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def close(self) -> None:
        """Answer no longer; what is being answered has a second to end."""
        self._server.end()
        if self._thread.ident is not None:
            self._thread.join(_CLOSE_SECONDS)
        self._socket.close()

    def _serve(self) -> None:
        asyncio.run(self._server.serve([self._socket]))


class _Server(uvicorn.Server):
    """Waits to be ended, where uvicorn looks ten times a second: that costs more than all pages do."""

    def end(self) -> None:
        """End; may be called from any thread."""
        self.should_exit = True
        with contextlib.suppress(AttributeError, RuntimeError):  # it has not begun, or has ended
            self._loop.call_soon_threadsafe(self._ending.set)

    async def main_loop(self) -> None:
        self._ending, self._loop = asyncio.Event(), asyncio.get_running_loop()
        if not self.should_exit:
            await self._ending.wait()


class _Protocol(H11Protocol):
    """Refuses more connections than the process has files for."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        if len(self.connections) > _MOST_CONNECTIONS:
            transport.abort()


def _listening(flag: str, host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(AttributeError, OSError):  # where the system has it; connections inherit it
                listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 1000 * _UNREAD_SECONDS)
            listening.bind(address)
            listening.listen()
        except OSError:
            listening.close()
            raise
    except (OSError, UnicodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else exc
        raise SettingError(f"{flag} {host}:{port}: {reason}; give a free port of this machine") from exc
    return listening
