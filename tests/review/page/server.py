"""A running server of the page, and requests to it."""

import contextlib
import http.client
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from edge.outputs.web.access import Access
from edge.outputs.web.serving import WebServer
from review.page.app import make_app
from review.queue.desk import Desk
from review.store.scores import KeptScores


@contextlib.contextmanager
def served(*folders: Path, scores: Sequence[Path] = ()) -> Iterator[int]:
    """The port of the page of these folders."""
    app = make_app(Desk(folders, "ann"), KeptScores(scores))
    server = WebServer("--page", app, Access(host="127.0.0.1", port=0), writes=True)
    server.start()
    try:
        yield server.port
    finally:
        server.close()


def asked(port: int, path: str, body: object = None) -> tuple[int, bytes]:
    """Status and content of an answer: of GET, or with a body of POST."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        connection.request("GET" if body is None else "POST", path, text)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def said(port: int, path: str, body: object = None) -> dict[str, Any]:
    """The JSON of an answer."""
    found: dict[str, Any] = json.loads(asked(port, path, body)[1])
    return found


def of(clip: dict[str, Any], what: str) -> str:
    """The path of the sound or the picture of a clip."""
    return f"/{what}?clip={quote(clip['key'])}"
