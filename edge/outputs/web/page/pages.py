"""What is answered to which request; nothing is changed by any.

| path           | answer                                                                                         |
|----------------|------------------------------------------------------------------------------------------------|
| /              | the page                                                                                       |
| /static/NAME   | its scripts and styles                                                                         |
| /live          | server-sent events; continues after `Last-Event-ID`, or `?after=`                              |
| /why           | `?source=NAME&at=SECONDS`: what became of each label at this moment, as JSON                   |
| /clip/ID       | the clip of event ID of this run; of the last ones, and only what is in the folder of the clips |
| /picture/ID    | its spectrogram                                                                                |
"""

import asyncio
import contextlib
import math
from collections.abc import Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from edge.outputs.web import PageFiles
from edge.outputs.web.page.hub import Hub, Tab
from edge.outputs.web.page.state import RunState

_PACKAGE = "edge.outputs.web.page"
_TYPES = {".flac": "audio/flac", ".wav": "audio/wav", ".opus": "audio/ogg", ".png": "image/png"}
_RETRY = b"retry: 3000\n\n"


def live_page(state: RunState, hub: Hub, clip_of: Callable[[int], Path | None]) -> Starlette:
    """The page as an application.

    Args:
        state: of the run.
        hub: of its open tabs.
        clip_of: the file of an event's clip, by the number of the event.
    """
    page_files = PageFiles(_PACKAGE)

    async def page(request: Request) -> Response:
        return page_files.page(request, "page.html")

    async def why(request: Request) -> Response:
        try:
            seconds = float(request.query_params.get("at", ""))
        except ValueError:
            seconds = math.nan
        answer = state.why(request.query_params.get("source", ""), seconds) if 0.0 <= seconds < 1e10 else None
        if answer is None:
            return PlainTextResponse("expected source=NAME and at=SECONDS\n", 400)
        return JSONResponse(answer)

    async def clip(request: Request) -> Response:
        path = clip_of(request.path_params["number"])
        if path is not None and request.url.path.rpartition("/")[0].endswith("picture"):
            path = path.with_suffix(".png")
        if path is None or not path.is_file():
            return PlainTextResponse("no such clip\n", 404)
        return FileResponse(path, media_type=_TYPES[path.suffix])

    routes = [
        Route("/", page),
        Route("/static/{name}", page_files.file),
        Route("/live", _Live(hub)),
        Route("/why", why),
        Route("/clip/{number:int}", clip),
        Route("/picture/{number:int}", clip),
    ]
    return Starlette(routes=routes)


class _Live:
    """Server-sent events."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the messages of a tab, until it leaves or is cut off."""
        request = Request(scope)
        tab = self._hub.join(request.headers.get("Last-Event-ID") or request.query_params.get("after", ""))
        if tab is None:
            await PlainTextResponse("too many open tabs\n", 503, {"Retry-After": "30"})(scope, receive, send)
            return
        sending = asyncio.ensure_future(_send(tab, send))
        leaving = asyncio.ensure_future(_gone(receive))
        tab.on_cut_off = sending.cancel
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._hub.leave(tab)
            for task in (sending, leaving):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, OSError):
                    await task


async def _send(tab: Tab, send: Send) -> None:
    headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"x-accel-buffering", b"no")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    chunk = _RETRY
    while True:
        message: Message = {"type": "http.response.body", "body": chunk, "more_body": True}
        await send(message)
        chunk = await tab.next()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
