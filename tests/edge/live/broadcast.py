"""A live sound for servers to carry, whose time is known exactly."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from typing import Self

import numpy as np
from numpy.typing import NDArray

_CHUNK_SECONDS = 0.02


class Broadcast:
    """A sound that is made now, over and over, as 16-bit samples by TCP.

    Whoever connects hears it from now on, at its own pace; what a listener does not take in time, it has missed.

    Attributes:
        began: when its first sample was heard, by `time.monotonic`.
    """

    def __init__(self, audio: NDArray[np.float32], rate: int) -> None:
        self.audio, self.rate = audio, rate
        self._chunk = round(rate * _CHUNK_SECONDS)
        self._samples = (np.clip(audio, -1.0, 1.0) * 32767).astype("<i2")
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._closed = threading.Event()
        self._threads: list[threading.Thread] = []
        self.port = int(self._socket.getsockname()[1])
        self.began = time.monotonic()

    def __enter__(self) -> Self:
        self._run(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()  # wakes who accepts
        self._socket.close()
        for thread in self._threads:
            thread.join()

    def _run(self, target: Callable[..., None], *arguments: object) -> None:
        self._threads.append(threading.Thread(target=target, args=arguments))
        self._threads[-1].start()

    def _accept(self) -> None:
        while not self._closed.is_set():
            listener = self._socket.accept()[0]
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
            self._run(self._play, listener)

    def _play(self, listener: socket.socket) -> None:
        number = int((time.monotonic() - self.began) / _CHUNK_SECONDS)
        rest = b""
        with listener, contextlib.suppress(OSError):
            listener.setblocking(False)
            while not self._closed.wait(max(0.0, self.began + (number + 1) * _CHUNK_SECONDS - time.monotonic())):
                if not rest:
                    places = np.arange(number * self._chunk, (number + 1) * self._chunk) % len(self._samples)
                    rest = self._samples[places].tobytes()
                with contextlib.suppress(BlockingIOError):
                    rest = rest[listener.send(rest) :]
                number += 1

    def encoded(self, *arguments: object) -> list[str]:
        """FFmpeg's command line that encodes the sound and sends it somewhere."""
        source = f"-nostdin -v error -f s16le -ar {self.rate} -ac 1 -probesize 32 -i tcp://127.0.0.1:{self.port}"
        return ["ffmpeg", *source.split(), *map(str, arguments)]
