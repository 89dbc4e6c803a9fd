"""A server on this machine that speaks garbage, another one to each who asks."""

import contextlib
import random
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Self


class GarbageServer:
    """Answers by TCP, and sends datagrams.

    Args:
        folder: of sounds to damage and send.
        damage: how.
    """

    def __init__(self, folder: Path, damage: Callable[[random.Random, bytes], bytes]) -> None:
        self._folder, self._damage, self._seed = folder, damage, 0
        self._stopping = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.port = int(self._listener.getsockname()[1])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            self.udp_port = int(probe.getsockname()[1])
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._serve, self._send)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._listener.close()
        for thread in self._threads:
            thread.join(5.0)
        self._sender.close()

    def answer_with(self, seed: int) -> None:
        """What to say from now on."""
        self._seed = seed

    def _serve(self) -> None:
        self._listener.settimeout(0.1)
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError, OSError):
                connection, _ = self._listener.accept()
                threading.Thread(target=self._answer, args=(connection, self._seed), daemon=True).start()

    def _send(self) -> None:
        """Damaged MPEG-TS, over and over."""
        while not self._stopping.wait(0.02):
            chance = random.Random(self._seed)
            content = self._damage(chance, (self._folder / "whole.ts").read_bytes())
            for begin in range(0, len(content), 1316):
                with contextlib.suppress(OSError):
                    self._sender.sendto(content[begin : begin + 1316], ("127.0.0.1", self.udp_port))
                if self._stopping.wait(0.005):
                    return

    def _answer(self, connection: socket.socket, seed: int) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(1.0)
            chance = random.Random(seed)
            if chance.random() < 0.9:
                connection.recv(4096)
            for piece in self._words(chance):
                connection.sendall(piece)
                self._stopping.wait(chance.choice((0, 0, 0.01)))
            if chance.random() < 0.05:
                self._stopping.wait(20.0)  # says no more, but stays

    def _words(self, chance: random.Random) -> list[bytes]:
        suffix = chance.choice(("wav", "flac", "ogg", "mp3", "opus", "mp4", "ts"))
        sound = (self._folder / f"whole.{suffix}").read_bytes()
        if chance.random() < 0.7:
            sound = self._damage(chance, sound)
        length = chance.choice(([], [b"Content-Length: %d" % chance.choice((0, 5, len(sound), 10**9, 10**20))]))
        icy = chance.choice(([], [b"icy-name: x", b"icy-metaint: %d" % chance.choice((0, 1, 100, 10**10))]))
        headers = [b"Content-Type: audio/mpeg", *length, *icy]
        here = b"http://127.0.0.1:%d" % self.port
        playlist = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n/a.ts\n#EXTINF:%s,\n%s/b.mp3\n" % (
            chance.choice((b"1", b"-1", b"1e99", b"nan")),
            here,
        )
        answers = [
            [],
            [chance.randbytes(chance.choice((1, 100, 10_000)))],
            [b"HTTP/1.1 200 OK\r\n", b"\r\n".join(headers), b"\r\n\r\n", sound],
            [b"HTTP/1.1 200 OK\r\n", b"\r\n".join(headers), b"\r\n\r\n", sound, sound],
            [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"%x\r\n" % chance.randrange(1 << 40), sound],
            [b"HTTP/1.1 %d X\r\n\r\n" % chance.choice((100, 204, 301, 400, 401, 404, 418, 500, 999))],
            [b"HTTP/1.1 302 Found\r\nLocation: %s/again\r\n\r\n" % here],
            [b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * chance.choice((10, 100_000)) + b"\r\n"],
            [b"HTTP/1.1 200 OK\r\nContent-Type: application/x-mpegURL\r\n\r\n", playlist],
            [b"HTTP/1.1 200 OK\r\n\r\n", self._damage(chance, playlist.replace(here, b""))],
            [b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: DESCRIBE, SETUP, PLAY\r\n\r\n", chance.randbytes(200)],
            [b"RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Type: application/sdp\r\n\r\nv=0\r\nm=audio 0 RTP/AVP"],
            [b"ICY 200 OK\r\nicy-metaint:16\r\n\r\n", sound],
        ]
        words = chance.choice(answers)
        return [self._damage(chance, piece) for piece in words] if chance.random() < 0.3 else words
