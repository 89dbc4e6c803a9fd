"""An archive and a table in object storage: a server on loopback that speaks S3, slow and failing now and then."""

import contextlib
import itertools
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from tests.conftest import command

UPLOAD = """
import s3fs, sys
fs = s3fs.S3FileSystem()
fs.mkdir("archive")
fs.put(sys.argv[1], "archive/in", recursive=True)
"""
KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}


class Unreliable:
    """A WSGI application that answers late, and sometimes with 503."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self._application, self._numbers = application, itertools.count(1)

    def __call__(self, environment: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer."""
        time.sleep(0.02)
        if next(self._numbers) % 9 == 0:
            start("503 Slow Down", [("Content-Type", "text/plain")])
            return [b"slow down"]
        return self._application(environment, start)


@contextlib.contextmanager
def storage() -> Iterator[str]:
    """The URL of such a server."""
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log_request(self, *_: object) -> None:
            pass

    application = Unreliable(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def run(environment: dict[str, str], *arguments: object) -> str:
    """What `sed-scan` prints on stdout and stderr."""
    done = subprocess.run(
        [command("sed-scan"), *map(str, arguments)], capture_output=True, check=False, text=True, env=environment
    )
    assert 0 == done.returncode, done.stderr
    return done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.realtime
def test_archive_and_table_in_object_storage(tmp_path: Path, demo_audio: NDArray[np.float32]) -> None:
    """The same events as from a disk; a long recording in parts, of which each worker reads its own."""
    (tmp_path / "in").mkdir()
    soundfile.write(tmp_path / "in" / "20230501_043000.wav", np.tile(demo_audio, 20), 16000)
    for number in range(4):
        soundfile.write(tmp_path / "in" / f"{number}.flac", demo_audio[16000 * number :], 16000)
    (tmp_path / "in" / "broken.ogg").write_bytes(b"broken")
    with storage() as url:
        environment = os.environ | KEYS | {"AWS_ENDPOINT_URL": url}
        subprocess.run([command("python"), "-c", UPLOAD, f"{tmp_path}/in/"], env=environment, check=True)
        remote = "s3://archive/out"
        run(environment, "s3://archive/in", "--out", remote, "--workers", 2, "--part", 200, "--started-at", "name")
        assert "6 files, 0.37 h of sound" in run(environment, "verify", remote)
        run(environment, "export", remote, tmp_path / "remote.csv")
    run(
        dict(os.environ),
        tmp_path / "in",
        "--out",
        tmp_path / "out",
        "--workers",
        2,
        "--part",
        0,
        "--started-at",
        "name",
    )
    run(dict(os.environ), "export", tmp_path / "out", tmp_path / "local.csv")
    expected, found = (
        sorted(map(_ending, (tmp_path / f"{name}.csv").read_text().splitlines())) for name in ("local", "remote")
    )
    assert expected == found


def _ending(line: str) -> list[str]:
    """A line of the table without folder and number."""
    path, *rest = line.split(",")
    return [Path(path).name, rest[0], *rest[2:]]
