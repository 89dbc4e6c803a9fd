"""What stands before every page: it refuses what must not pass, and gives every answer the headers that protect it.

Behind a reverse proxy, `X-Ingress-Path` or `X-Forwarded-Prefix` says under which path the browser sees the page. It is
believed, whether the proxy takes the prefix off or not: it changes nothing but the answer to the same request.
"""

import re
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge.outputs.web.access import Access

_PREFIX = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*){1,16}")
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "media-src 'self'; connect-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'self'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Guard:
    """An application behind its guard.

    Args:
        app: sees only requests that may pass, with `root_path` set to the prefix.
        access: who may ask.
        writes: whether it takes POST beside GET and HEAD; from its own pages only.
    """

    def __init__(self, app: ASGIApp, access: Access, *, writes: bool = False) -> None:
        self._app, self._access = app, access
        self._methods = ("GET", "HEAD", "POST") if writes else ("GET", "HEAD")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return

        async def send_protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        app = self._app if refusal is None else refusal
        await app({**scope, "root_path": _prefix(headers)}, receive, send_protected)

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        if not self._access.knows_host(headers.get("host", "")):
            return PlainTextResponse("this machine is not known by that name\n", 421)
        if not self._access.admits(headers.get("authorization", "")):
            asks = {"WWW-Authenticate": 'Basic realm="sed-edge: any name, the token as password", charset="UTF-8"'}
            return PlainTextResponse("needs the token\n", 401, asks)
        if scope["method"] not in self._methods:
            return PlainTextResponse("method not allowed\n", 405, {"Allow": ", ".join(self._methods)})
        if scope["method"] == "POST" and _is_foreign(headers):
            return PlainTextResponse("this page takes nothing from others\n", 403)
        return None


def _prefix(headers: Headers) -> str:
    """The path under which the browser sees the page, without its last slash; "" if none is said, or a strange one."""
    said = headers.get("x-ingress-path") or headers.get("x-forwarded-prefix") or ""
    path = said.rstrip("/")
    return path if _PREFIX.fullmatch(path) else ""


def _is_foreign(headers: Headers) -> bool:
    """Whether a request comes from another page than ours; browsers say so."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        return site not in ("same-origin", "none")
    return origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower()
