"""What comes over one connection, and for how long it may be left alone."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import soundfile

from edge.sources.audio import DecodedBlock
from edge.sources.source import Block
from edge.sources.url.connection import blocks, rest_seconds
from edge.sources.url.placement import Placement
from tests.edge.sources.videos import RATE, write_video


def test_what_has_come_while_a_stream_was_left_alone_is_in_when_it_is_stopped(tmp_path: Path) -> None:
    """Read until it would have to be waited for."""
    soundfile.write(tmp_path / "a.wav", np.zeros(1000), 1000)
    stopping, came = threading.Event(), 0

    def coming() -> Iterator[DecodedBlock]:
        nonlocal came
        for number in range(1, 31):
            if number in (15, 18):
                time.sleep(0.05)
            came = number
            yield DecodedBlock(np.zeros((100, 1), dtype=np.float32), 1000, arrived=number / 10)

    seconds = 0.0
    with av.open(str(tmp_path / "a.wav")) as container:
        for item in blocks(container, coming(), Placement(), stopping, 0.5):
            if isinstance(item, Block):
                seconds += item.seconds
                if item.rest_seconds == 0.5 and came == 15:
                    stopping.set()
    assert (18, 1.8) == (came, round(seconds, 6))


def test_only_what_is_kept_may_be_left_alone_for_long(tmp_path: Path) -> None:
    """A web server keeps what is not taken; datagrams have little room, and pictures want much."""
    soundfile.write(tmp_path / "a.wav", np.zeros(1000), 1000)
    write_video(tmp_path / "a.mp4", np.zeros(RATE, dtype=np.float32), 0.0)
    with av.open(str(tmp_path / "a.wav")) as sound, av.open(str(tmp_path / "a.mp4")) as video:
        assert rest_seconds(sound, "https") == rest_seconds(sound, "http") > rest_seconds(sound, "rtsp") > 0.0
        assert 0.0 == rest_seconds(video, "http") == rest_seconds(video, "rtsp")
