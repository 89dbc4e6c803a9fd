"""The files of a page, as they are in the package: read once, so that no request can name another file."""

import hashlib
from importlib.resources import files
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

_TYPES = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


class _File(NamedTuple):
    content: bytes
    media_type: str
    etag: str


class PageFiles:
    """The files in the folder `static` of a package.

    Args:
        package: its name.
    """

    def __init__(self, package: str) -> None:
        self._files: dict[str, _File] = {}
        for entry in files(package).joinpath("static").iterdir():
            ending = entry.name.rpartition(".")[2]
            if ending in _TYPES:
                content = entry.read_bytes()
                etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
                self._files[entry.name] = _File(content, _TYPES[ending], etag)

    async def file(self, request: Request) -> Response:
        """Answer with the file that the path's `name` says; for a route such as `/static/{name}`."""
        file = self._files.get(request.path_params["name"])
        if file is None:
            return Response("not found\n", 404, media_type="text/plain")
        headers = {"Cache-Control": "no-cache", "ETag": file.etag}
        if request.headers.get("If-None-Match") == file.etag:
            return Response(status_code=304, headers=headers)
        return Response(file.content, headers=headers, media_type=file.media_type)

    def page(self, request: Request, name: str) -> Response:
        """Answer with an HTML file, whose `<base>` becomes the path under which the browser sees the page."""
        base = f'<base href="{request.scope["root_path"]}/">'  # the guard has let pass harmless characters only
        return Response(self._files[name].content.replace(b"<base>", base.encode(), 1), media_type=_TYPES["html"])
