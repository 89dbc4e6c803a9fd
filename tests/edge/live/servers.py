"""Real servers for the tests of streams."""

import contextlib
import functools
import itertools
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Self

import pytest

from tests.edge.live.broadcast import Broadcast

SYSTEM_PYTHON = "/usr/bin/python3"  # Debian's own, which sees GStreamer


def needs(*programs: str) -> None:
    """Skip a test where a program is missing, saying what to install."""
    packages = {
        "ffmpeg": "ffmpeg",
        "icecast2": "icecast2",
        "mosquitto": "mosquitto mosquitto-clients",
        "openssl": "openssl",
        "gst-rtsp-server": "gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-base gstreamer1.0-plugins-good "
        "gstreamer1.0-plugins-bad",
    }
    missing = [
        name
        for name in programs
        if not (_has_rtsp_server() if name == "gst-rtsp-server" else shutil.which(name) is not None)
    ]
    if missing:
        message = f"needs {', '.join(missing)}; on Debian: apt install {' '.join(packages[name] for name in missing)}"
        if "SED_EDGE_NOTHING_MISSING" in os.environ:
            pytest.fail(message)
        pytest.skip(message)


@functools.cache
def _has_rtsp_server() -> bool:
    code = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
    return Path(SYSTEM_PYTHON).exists() and 0 == subprocess.run([SYSTEM_PYTHON, "-c", code], check=False).returncode


_PORTS = 1000  # of each process of tests, below those that systems give away themselves
_next_ports = itertools.count(random.SystemRandom().randrange(_PORTS))


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port that nobody listens to, and that no test which runs beside this one is given."""
    first = 20_000 + _PORTS * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    for number in itertools.islice(_next_ports, _PORTS):
        port = first + number % _PORTS
        with socket.socket(socket.AF_INET, kind) as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("no port is free")


def is_open(port: int) -> bool:
    """Whether something on this machine listens to a port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def wait_until(condition: Callable[[], object], what: str, seconds: float = 60.0) -> None:
    """Wait for something to come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:g} s for {what}"
        time.sleep(0.02)


def answers(url: str, containing: str = "") -> bool:
    """Whether a web server answers, with that text."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return containing in answer.read().decode()
    except OSError:
        return False


class EndedError(Exception):
    """A program ended before it was ready."""


class Program:
    """A program that the test starts, kills, freezes, and starts again."""

    def __init__(self, command: list[str], ready: Callable[[], object] = lambda: True, cwd: Path | None = None) -> None:
        self._command, self._ready, self._cwd = command, ready, cwd
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        process = self._process = subprocess.Popen(self._command, cwd=self._cwd, stdin=subprocess.DEVNULL)
        try:
            wait_until(lambda: process.poll() is not None or self._ready(), f"{self._command[0]} to be ready")
            if process.poll() is not None:
                raise EndedError(f"{self._command[0]} ended with {process.returncode} before it was ready")
        except BaseException:
            self.kill()
            raise

    def kill(self) -> None:
        """End it, at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Let it hang."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)


ICECAST = """<icecast>
<limits><clients>100</clients><sources>4</sources><source-timeout>5</source-timeout>
<burst-on-connect>{burst}</burst-on-connect><burst-size>65536</burst-size></limits>
<authentication><source-password>hackme</source-password><relay-password>hackme</relay-password>
<admin-user>admin</admin-user><admin-password>hackme</admin-password></authentication>
<hostname>localhost</hostname><listen-socket><port>{port}</port><bind-address>127.0.0.1</bind-address></listen-socket>
<paths><basedir>/usr/share/icecast2</basedir><logdir>{folder}</logdir><webroot>/usr/share/icecast2/web</webroot>
<adminroot>/usr/share/icecast2/admin</adminroot></paths>
<logging><accesslog>access.log</accesslog><errorlog>error.log</errorlog></logging>
<security><chroot>0</chroot><changeowner><user>nobody</user><group>nogroup</group></changeowner></security></icecast>
"""


class Icecast(Program):
    """An Icecast server without anybody who plays to it."""

    def __init__(self, burst: bool = True) -> None:
        needs("icecast2", "ffmpeg")
        self.port = free_port()
        # It gives up root's rights, and pytest's folders are for their owner only.
        self._folder = folder = Path(tempfile.mkdtemp())
        folder.chmod(0o777)
        (folder / "icecast.xml").write_text(ICECAST.format(port=self.port, folder=folder, burst=int(burst)))
        command = ["icecast2", "-c", str(folder / "icecast.xml")]
        super().__init__(command, ready=lambda: answers(f"http://127.0.0.1:{self.port}/status-json.xsl"))

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        shutil.rmtree(self._folder)

    def start(self) -> None:
        """Start it, again where it crashed: Icecast 2.4 does so once in sixty starts, if it is asked meanwhile."""
        for _ in range(3):
            with contextlib.suppress(EndedError):
                return super().start()
        return super().start()

    def url(self, mount: str) -> str:
        """Where listeners hear it."""
        return f"http://127.0.0.1:{self.port}/{mount}"

    def player(self, broadcast: Broadcast, codec: str, mount: str = "live") -> Program:
        """Who plays to it, by `mp3` or `opus`."""
        encoder = {
            "mp3": "-c:a libmp3lame -b:a 96k -content_type audio/mpeg -f mp3",
            "opus": "-c:a libopus -page_duration 100000 -flush_packets 1 -content_type application/ogg -f ogg",
        }[codec]
        target = f"icecast://source:hackme@127.0.0.1:{self.port}/{mount}"
        return Program(
            broadcast.encoded(*encoder.split(), target),
            ready=lambda: answers(f"http://127.0.0.1:{self.port}/status-json.xsl", f"/{mount}"),
        )


RTSP_SERVER = """
import sys, gi
gi.require_version("Gst", "1.0")
gi.require_version("GstBase", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstBase, GstRtspServer
port, sound, certificate = sys.argv[1:4]
Gst.init(None)
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service(port)
factory = GstRtspServer.RTSPMediaFactory()
factory.set_shared(True)
if sound:
    source = (
        f"tcpclientsrc name=source host=127.0.0.1 port={sound} do-timestamp=true ! "
        "rawaudioparse use-sink-caps=false format=pcm pcm-format=s16le sample-rate=48000 num-channels=1"
    )
else:
    source = "audiotestsrc name=source"
factory.set_launch(f"( {source} ! audioconvert ! opusenc ! rtpopuspay name=pay0 )")
# In what is not live the server seeks before it plays, and after that it now and then waits for ever.
factory.connect("media-configure", lambda _, media: media.get_element().get_by_name("source").set_live(True))
if certificate:
    auth = GstRtspServer.RTSPAuth()
    auth.set_tls_certificate(Gio.TlsCertificate.new_from_files(certificate, sys.argv[4]))
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "anybody")
    auth.set_default_token(token)
    server.set_auth(auth)
    role = "anybody, media.factory.access=true, media.factory.construct=true"
    factory.add_role_from_structure(Gst.Structure.from_string(role)[0])
server.get_mount_points().add_factory("/live", factory)
server.attach(None)
GLib.MainLoop().run()
"""


class Rtsp(Program):
    """A camera's sound: Opus by RTP, its session by RTSP; with a certificate and its key, a tone by TLS."""

    def __init__(self, broadcast: Broadcast | None, certificate: tuple[Path, Path] | None = None) -> None:
        needs("gst-rtsp-server")
        self.port = free_port()
        files = ["", ""] if certificate is None else [str(path) for path in certificate]
        self.url = f"rtsp{'s' if certificate else ''}://127.0.0.1:{self.port}/live"
        sound = "" if broadcast is None else str(broadcast.port)
        command = [SYSTEM_PYTHON, "-c", RTSP_SERVER, str(self.port), sound, *files]
        super().__init__(command, ready=lambda: is_open(self.port))


def hls_encoder(broadcast: Broadcast, folder: Path, segment_seconds: float = 1.0) -> Program:
    """Writes a live playlist, `live.m3u8`, and its segments."""
    needs("ffmpeg")
    arguments = f"-c:a aac -b:a 96k -f hls -hls_time {segment_seconds:g} -hls_list_size 6".split()
    flags = "delete_segments+omit_endlist+append_list+discont_start"
    return Program(
        broadcast.encoded(*arguments, "-hls_flags", flags, folder / "live.m3u8"),
        ready=(folder / "live.m3u8").exists,
    )


def mpegts_sender(broadcast: Broadcast, port: int) -> Program:
    """Sends AAC in MPEG-TS by UDP, to whoever is there."""
    needs("ffmpeg")
    target = f"udp://127.0.0.1:{port}?pkt_size=1316"
    return Program(broadcast.encoded(*["-c:a", "aac", "-b:a", "96k", "-flush_packets", "1", "-f", "mpegts"], target))


def rtp_sender(broadcast: Broadcast, port: int, sdp: Path) -> Program:
    """Sends Opus by RTP, and writes the file that describes it."""
    needs("ffmpeg")
    arguments = [*["-c:a", "libopus", "-f", "rtp", "-sdp_file"], sdp, f"rtp://127.0.0.1:{port}"]
    return Program(broadcast.encoded(*arguments), ready=lambda: sdp.exists() and sdp.read_text().count("a=rtpmap"))
