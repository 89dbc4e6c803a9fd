import threading
import time

import av
import pytest

from edge.errors import SourceError
from edge.sources.source import Block, State
from edge.sources.url import UrlSource
from edge.sources.url.camera import CAMERA_NOTE, Asking
from tests.edge.live.camera import SOUNDS, Camera, Moody
from tests.edge.live.hearing import Hearing


def covered(hearing: Hearing, since: float, until: float) -> float:
    """By how much of that time there is sound."""
    blocks = [item for item in hearing.items if isinstance(item, Block) and item.heard_at is not None]
    spans = [(block.heard_at or 0.0, (block.heard_at or 0.0) + block.seconds) for block in blocks]
    return sum(max(0.0, min(end, until) - max(begin, since)) for begin, end in spans) / (until - since)


@pytest.mark.parametrize("mood", ["silent", "refuses", "hangs up"])
def test_a_camera_that_cannot_give_its_sound_alone_is_heard(mood: str) -> None:
    """Its picture is thrown away, and this is said once."""
    with Camera() as camera, Moody(camera, mood) as proxy:
        with Hearing(UrlSource(f"rtsp://127.0.0.1:{proxy.port}/cam", name="a")) as hearing:
            began = time.monotonic()
            time.sleep(22.0)
        assert covered(hearing, began + 15.0, began + 20.0) > 0.95
    notes = [item.detail for item in hearing.items if isinstance(item, State) and CAMERA_NOTE in item.detail]
    assert 1 == len(notes)


@pytest.mark.parametrize("sound", sorted(SOUNDS))
def test_the_sound_of_a_camera_is_asked_for_alone(sound: str) -> None:
    """Where it can give it, in any of its formats, nothing else is said."""
    with Camera(sound) as camera, Hearing(UrlSource(f"RTSP://127.0.0.1:{camera.port}/cam", name="a")) as hearing:
        hearing.wait_for_sound(2.0)
    assert ["connected"] == hearing.states()
    assert not any(isinstance(item, State) and CAMERA_NOTE in item.detail for item in hearing.items)


def test_a_camera_without_a_sound_track_is_told_as_that() -> None:
    """An error at once: nobody waits for what is turned off."""
    with Camera() as camera:
        source = UrlSource(f"rtsp://127.0.0.1:{camera.port}/mute", name="a")
        with pytest.raises(SourceError, match="a: has no sound track, only video"):
            list(source.items(threading.Event()))


def test_the_status_of_an_answer_is_told_as_it_came() -> None:
    """Where sound alone must be asked for, since the option says so."""
    with Camera() as camera, Moody(camera, "refuses", b"459 Aggregate Operation Not Allowed") as proxy:
        url = f"rtsp://127.0.0.1:{proxy.port}/cam"
        source = UrlSource(url, name="a", options={"allowed_media_types": "audio"})
        with pytest.raises(SourceError, match="a: the server answers 459 Aggregate Operation Not Allowed to SETUP"):
            list(source.items(threading.Event()))


def test_a_way_of_asking_that_worked_is_kept() -> None:
    """Whatever breaks later."""
    asking = Asking({"allowed_media_types": "audio"}, may_change=True)
    assert not asking.failed(ConnectionRefusedError())
    assert not asking.failed(av.error.HTTPUnauthorizedError(1, "a"))
    assert asking.failed(None)
    assert {} == asking.options
    asking.heard(10.0)
    assert not asking.failed(None)
    assert asking.whole
