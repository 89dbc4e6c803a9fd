"""What the page asks for: the next clips, their sound and picture; and the verdicts that it sends.

| request                   | answer                                                                                   |
|---------------------------|------------------------------------------------------------------------------------------|
| GET /                     | the page; its files are below static/                                                    |
| GET state?client=         | JSON: the next clips, progress by label, labels; new clips on the disk are found         |
| GET sound?clip=           | the file of a clip                                                                       |
| GET picture?clip=         | its spectrogram, PNG                                                                     |
| GET scores?clip=          | JSON: the scores that were kept during it; null if there are none                        |
| POST review               | takes client, clip, verdict, label, onset, offset, picked, took_seconds; answers as state|
| POST undo                 | takes client, clip; answers as state, with the clip that is open again as `undone`       |

A clip is named by a key that the desk gave out, never by a path.
"""

import dataclasses
import json
import math
from collections.abc import Callable
from typing import Any

import soundfile
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from edge.errors import SedError
from edge.log import rfc3339
from edge.outputs.web import PageFiles
from review.page.spectrogram import draw
from review.queue import Asked, Desk
from review.store import ClipScores, KeptScores

_AHEAD = 4  # clips that the page has: the one that is shown, and the next ones, loaded already
_MOST_BYTES = 4096  # of a request
_TYPES = {".flac": "audio/flac", ".opus": "audio/ogg", ".wav": "audio/wav"}
_KEPT = {"Cache-Control": "private, max-age=3600"}  # a clip never changes

_Fields = dict[str, Any]


def make_app(desk: Desk, kept: KeptScores) -> Starlette:
    """The application of a desk; who may ask is not its concern.

    Args:
        desk: hands clips out, takes verdicts.
        kept: the scores that were kept while the clips were saved.
    """
    files = PageFiles("review.page")

    def page(request: Request) -> Response:
        return files.page(request, "index.html")

    def state(request: Request) -> Response:
        def found() -> _Fields:
            desk.find_clips()
            kept.find_files()
            return _state(desk, request.query_params.get("client", ""))

        return _said(found)

    def sound(request: Request) -> Response:
        clip = desk.clip(request.query_params.get("clip", ""))
        if clip is None:
            return _gone()
        media_type = _TYPES.get(clip.path.suffix, "application/octet-stream")
        return FileResponse(clip.path, media_type=media_type, headers=_KEPT)

    def picture(request: Request) -> Response:
        clip = desk.clip(request.query_params.get("clip", ""))
        if clip is None:
            return _gone()
        try:
            return Response(draw(clip.path), media_type="image/png", headers=_KEPT)
        except (soundfile.LibsndfileError, OSError):
            return _gone()

    def scores(request: Request) -> Response:
        clip = desk.clip(request.query_params.get("clip", ""))
        if clip is None:
            return _gone()
        return _said(lambda: _ribbons(kept.of(clip)))

    def review(fields: _Fields) -> _Fields:
        client, key = str(fields.pop("client", "")), str(fields.pop("clip", ""))
        desk.answer(key, fields.pop("verdict", ""), **fields)
        return _state(desk, client)

    def undo(fields: _Fields) -> _Fields:
        client = str(fields.get("client", ""))
        undone = desk.withdraw(client, str(fields.get("clip", "")))
        return {"undone": None if undone is None else _described(undone), **_state(desk, client)}

    return Starlette(
        routes=[
            Route("/", page),
            Route("/static/{name}", files.file),
            Route("/state", state),
            Route("/sound", sound),
            Route("/picture", picture),
            Route("/scores", scores),
            Route("/review", _posted(review), methods=["POST"]),
            Route("/undo", _posted(undo), methods=["POST"]),
        ]
    )


def _posted(take: Callable[[_Fields], _Fields]) -> Callable[[Request], Any]:
    """An endpoint that takes an object of JSON and answers with one."""

    async def endpoint(request: Request) -> Response:
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MOST_BYTES:
                return JSONResponse({"error": f"more than {_MOST_BYTES} bytes"}, 413)
        return await run_in_threadpool(_said, lambda: take(dict(json.loads(body))))

    return endpoint


def _said(answer: Callable[[], _Fields | None]) -> Response:
    """What it answers as JSON; what is wrong is said as `error`."""
    try:
        return JSONResponse(answer())
    except (ValueError, TypeError, AttributeError, RecursionError) as exc:
        return JSONResponse({"error": f"no review: {exc}"}, 400)
    except SedError as exc:
        return JSONResponse({"error": str(exc)}, 409)
    except OSError as exc:
        return JSONResponse({"error": f"the review cannot be written: {exc.strerror or exc}"}, 507)


def _state(desk: Desk, client: str) -> _Fields:
    return {
        "clips": [_described(asked) for asked in desk.next_clips(client, _AHEAD)],
        "progress": [dataclasses.asdict(one) for one in desk.progress()],
        "labels": desk.labels(),
    }


def _described(asked: Asked) -> _Fields:
    clip = asked.clip
    return {
        "key": asked.key,
        "picked": asked.picked,
        "kind": clip.kind,
        "source": clip.source,
        "label": clip.label,
        "score": clip.score,
        "threshold": clip.decoding.on,
        "seconds": clip.seconds,
        "onset": clip.onset,
        "offset": clip.offset,
        "begin_utc": None if clip.begin_at is None else rfc3339(clip.begin_at),
    }


def _ribbons(scores: ClipScores | None) -> _Fields | None:
    """The scores as the page draws them; null where the sound was lost."""
    if scores is None:
        return None
    ribbons = [
        {"label": one.label, "on": one.on, "off": one.off, "scores": [_rounded(score) for score in one.scores.tolist()]}
        for one in scores.ribbons
    ]
    return {"seconds": [_rounded(second) for second in scores.seconds.tolist()], "ribbons": ribbons}


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 3)


def _gone() -> Response:
    return PlainTextResponse("this clip is not there any more\n", 410)
