"""Whom a source trusts."""

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge.errors import SourceError
from edge.sources.url.source import UrlSource
from tests.conftest import DEMO
from tests.edge.live.hearing import Hearing, items, lengths
from tests.edge.live.servers import Rtsp, needs
from tests.edge.live.web import certificate, web_server

pytestmark = pytest.mark.realtime


def test_a_certificate_that_nobody_signed_is_refused(tmp_path: Path) -> None:
    """Unless the user trusts it, or anybody."""
    files = certificate(tmp_path)
    soundfile.write(tmp_path / "\u00e9.wav", np.zeros(1600), 16_000)
    with web_server(tmp_path, files=files) as address:
        with pytest.raises(SourceError, match=r"not trusted \(self-signed certificate\); give option ca_file=FILE"):
            items(f"{address}/\u00e9.wav", once=False)
        for options in ({"ca_file": str(files[0])}, {"tls_verify": "0"}):
            assert 0.1 == sum(lengths(items(f"{address}/\u00e9.wav", **options)))


def test_segments_come_over_connections_that_are_verified_too(tmp_path: Path) -> None:
    """FFmpeg would take them from anybody, once the playlist is right."""
    needs("ffmpeg")
    folders = tmp_path / "playlist", tmp_path / "segments"
    for folder in folders:
        folder.mkdir()
    ours, theirs = (certificate(folder) for folder in folders)
    command = ["ffmpeg", "-v", "error", "-nostdin", "-t", "4", "-i"]
    subprocess.run([*command, DEMO, *["-c:a", "aac", "-f", "hls"], folders[1] / "a.m3u8"], check=True)
    with web_server(folders[0], files=ours) as address, web_server(folders[1], files=theirs) as elsewhere:
        text = (folders[1] / "a.m3u8").read_text()
        (folders[0] / "a.m3u8").write_text(re.sub(r"(?m)^a[0-9]+\.ts$", rf"{elsewhere}/\g<0>", text))
        with pytest.raises(SourceError, match=r"cannot be fetched|not trusted"):
            items(f"{address}/a.m3u8", ca_file=str(ours[0]))
        assert 4.0 == pytest.approx(
            sum(lengths(items(f"{elsewhere}/a.m3u8", ca_file=str(theirs[0])))),
            abs=0.1,
        )


def test_a_camera_is_verified_too(tmp_path: Path) -> None:
    """By rtsps."""
    needs("gst-rtsp-server")
    files = certificate(tmp_path)
    with Rtsp(None, files) as rtsp:
        with pytest.raises(SourceError, match="certificate is not trusted"):
            items(rtsp.url, once=False)
        with Hearing(UrlSource(rtsp.url, name="a", options={"ca_file": str(files[0])})) as hearing:
            hearing.wait_for_sound(1.0)
