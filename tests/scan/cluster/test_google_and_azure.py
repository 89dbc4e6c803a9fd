"""Archives and tables in Google's and Azure's storage: servers on loopback that speak as these do."""

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import fsspec
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from edge.model import shipped_model
from edge.sources import Zone
from scan.archive import Folder, archive_files
from scan.cluster import Scanner
from scan.table import MODEL, Manifest, Row, make_description, verify, write_description
from tests.scan.cluster.test_scanner import BASE, in_parts, table

# The one account of Azurite, with a key that everybody knows.
ACCOUNT = (
    "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;BlobEndpoint={url}/devstoreaccount1;AccountKey="
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

Storage = Callable[[], AbstractContextManager[dict[str, str]]]


@contextlib.contextmanager
def google() -> Iterator[dict[str, str]]:
    """A server without a bucket; the variables by which it is found."""
    from gcp_storage_emulator.server import create_server

    server = create_server("127.0.0.1", 0, in_memory=True)
    server.start()
    try:
        port = server._api._httpd.server_port
        # The latter asks Google what kind of bucket it is.
        yield {"STORAGE_EMULATOR_HOST": f"http://127.0.0.1:{port}", "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false"}
    finally:
        server.stop()


@contextlib.contextmanager
def azure() -> Iterator[dict[str, str]]:
    """The same with Azurite, where it is installed."""
    if shutil.which("azurite") is None:
        pytest.skip("needs azurite: npm install --global azurite")
    ports = ["--blobPort", "0", "--queuePort", "0", "--tablePort", "0"]
    line = ["azurite", "--inMemoryPersistence", "--silent", "--disableTelemetry", "--skipApiVersionCheck", *ports]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            found = (re.search(r"Blob service is successfully listening at (http\S+)", text) for text in server.stdout)
            url = next(match[1] for match in found if match)
            yield {"AZURE_STORAGE_CONNECTION_STRING": ACCOUNT.format(url=url)}
        finally:
            server.terminate()
            server.communicate()


def scanned(source: str, out: str) -> list[Row]:
    """The table of a folder with a recording, which is split, a broken one and a short one."""
    settings, folder = BASE._replace(destination=out, started_at="name"), Folder(out)
    folder.write(MODEL, shipped_model().read_bytes())
    write_description(folder, make_description("model", settings.hash, {}, [source]))
    Manifest(folder).add(archive_files([source], Zone()))
    files, scanner = next(Manifest(folder).waves()), Scanner(settings)
    assert all(file["modified"] for file in files)
    in_parts(scanner, files[0])
    scanner.do({"kind": "files", "files": files[1:], "unit": 100})
    assert [] == verify(folder)
    return [{**row, "path": Path(row["path"]).name, "modified": "", "took_seconds": 0} for row in table(folder)]


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")  # aiohttp's, of what adlfs does
@pytest.mark.parametrize(("kind", "protocol"), [(google, "gs"), (azure, "abfs")])
def test_table_is_that_of_a_disk(
    tmp_path: Path, demo_audio: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch, kind: Storage, protocol: str
) -> None:
    """Whole recordings and parts, read from such storage and written to it."""
    (tmp_path / "in").mkdir()
    soundfile.write(tmp_path / "in" / "20230501_043000.wav", demo_audio[: 16000 * 30], 16000)
    soundfile.write(tmp_path / "in" / "short.flac", demo_audio[: 16000 * 5], 16000)
    (tmp_path / "in" / "broken.mp3").write_bytes(b"broken")
    with kind() as variables:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        fs = fsspec.filesystem(protocol, skip_instance_cache=True)
        fs.mkdir("archive")
        for name in os.listdir(tmp_path / "in"):
            fs.pipe_file(f"archive/in/{name}", (tmp_path / "in" / name).read_bytes())
        remote = scanned(f"{protocol}://archive/in", f"{protocol}://archive/out")
    assert scanned(str(tmp_path / "in"), str(tmp_path / "out")) == remote
