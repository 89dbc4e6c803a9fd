"""A camera with picture and sound, and a proxy before it that plays cameras which cannot give their sound alone."""

import contextlib
import re
import socket
import threading
import time
from typing import Self

from tests.edge.live.servers import SYSTEM_PYTHON, Program, free_port, needs

_SERVER = """
import sys, gi
gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer
port, sound = sys.argv[1:3]
Gst.init(None)
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service(port)
size = "format=UYVY,width=32,height=32,framerate=5/1"
picture = f"videotestsrc is-live=true ! video/x-raw,{size} ! rtpvrawpay name=pay0 pt=96"
audio = f"audiotestsrc is-live=true ! audioconvert ! audioresample ! {sound} name=pay1"
for path, launch in {"/cam": f"( {picture} {audio} )", "/mute": f"( {picture} )"}.items():
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(launch)
    server.get_mount_points().add_factory(path, factory)
server.attach(None)
GLib.MainLoop().run()
"""
SOUNDS = {
    "pcma": "audio/x-raw,rate=8000,channels=1 ! alawenc ! rtppcmapay pt=8",
    "pcmu": "audio/x-raw,rate=8000,channels=1 ! mulawenc ! rtppcmupay pt=0",
    "l16": "audio/x-raw,rate=16000,channels=1 ! rtpL16pay pt=97",
    "opus": "opusenc ! rtpopuspay pt=97",
}


class Camera(Program):
    """Picture and sound at `/cam`, by one of `SOUNDS`; the picture alone at `/mute`."""

    def __init__(self, sound: str = "pcma") -> None:
        needs("gst-rtsp-server")
        self.port = free_port()
        command = [SYSTEM_PYTHON, "-c", _SERVER, str(self.port), SOUNDS[sound]]
        super().__init__(command, ready=self._is_open)

    def _is_open(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False


class Moody:
    """A proxy to a camera that does not give its sound alone: it falls `silent`, `refuses` or `hangs up`."""

    def __init__(self, camera: Camera, mood: str, status: bytes = b"406 Not Acceptable") -> None:
        self._camera, self._mood, self._status = camera, mood, status
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self._ports = f":{self.port}".encode(), f":{camera.port}".encode()
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client = self._socket.accept()[0]
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        setups: list[float] = []
        own, theirs = self._ports
        with client, socket.create_connection(("127.0.0.1", self._camera.port)) as camera, contextlib.suppress(OSError):
            threading.Thread(target=self._answer, args=(camera, client, setups), daemon=True).start()
            while data := client.recv(65_536):
                if data.startswith(b"SETUP"):
                    setups.append(time.monotonic())
                    number = re.search(rb"CSeq: ([0-9]+)", data)
                    if self._mood == "refuses" and b"stream=1" in data and len(setups) == 1 and number is not None:
                        client.sendall(b"RTSP/1.0 " + self._status + b"\r\nCSeq: " + number[1] + b"\r\n\r\n")
                        continue
                camera.sendall(data.replace(own, theirs))

    def _answer(self, camera: socket.socket, client: socket.socket, setups: list[float]) -> None:
        own, theirs = self._ports
        with contextlib.suppress(OSError):
            while data := camera.recv(65_536):
                alone = len(setups) == 1 and time.monotonic() - setups[0]
                if alone and self._mood == "silent" and alone > 0.5:
                    continue
                if alone and self._mood == "hangs up" and alone > 2.0:
                    break
                client.sendall(data.replace(theirs, own))
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)
