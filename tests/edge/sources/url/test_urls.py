import subprocess
from pathlib import Path

import pytest

from edge.errors import SettingError, SourceError
from edge.sources.url.urls import OPTIONS, ffmpeg_options, is_url, protocol_of, redacted
from tests.edge.live.servers import needs


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://radio.example/live", "http://radio.example/live"),
        ("http://me:secret@radio.example:8000/live", "http://***@radio.example:8000/live"),
        ("rtsp://me:s%40cret@[::1]:554/a", "rtsp://***@[::1]:554/a"),
        ("rtsp://secret@camera/a", "rtsp://***@camera/a"),
        ("rtsp://me:sec/ret@camera/a", "rtsp://***@camera/a"),
        ("rtsp://me:sec?ret@camera/a?b=secret", "rtsp://***@camera/a?b=***"),
        ("rtsp://me:sec#ret@camera/a", "rtsp://***@camera/a"),
        ("rtsp://me:secret@with@signs@camera/a", "rtsp://***@camera/a"),
        ("rtsp://me:secret/camera", "rtsp://***"),
        ("https://radio.example/live?token=secret&secret", "https://radio.example/live?token=***&***"),
        ("https://radio.example/live#secret", "https://radio.example/live"),
        ("http://radio.example/mail@home", "http://radio.example/mail@home"),
        ("udp://@239.0.0.1:5000", "udp://@239.0.0.1:5000"),
        ("/recordings/yard.sdp", "/recordings/yard.sdp"),
    ],
)
def test_secrets_are_not_shown(url: str, shown: str) -> None:
    """User, password and what stands in a query; where it is unclear what is a password, too much is hidden."""
    assert shown == redacted(url)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("foo://host/a", "unknown protocol 'foo'; known: http, https, rtsp, rtsps, udp"),
        ("rtps://host/a", "unknown protocol 'rtps'; did you mean 'rtsps'?"),
        ("rtp://host:5000", "give the .sdp file instead"),
        ("srt://host:5000", "run ffmpeg -i URL -f wav - | sed-stream -"),
        ("http://", "has no host; expected http://HOST"),
        ("http:///live", "has no host"),
        ("http://host:port/live", "is no URL; expected http://HOST[:PORT]"),
        ("http://[::1/live", "is no URL"),
        ("http://host:99999/", "is no URL"),
        ("udp://239.0.0.1", "has no port; expected udp://ADDRESS:PORT"),
        ("http://host/a b", "has spaces or control characters in it"),
        ("http://host/a\0b", "has spaces or control characters in it"),
    ],
)
def test_a_wrong_url_is_one_clear_line(url: str, message: str) -> None:
    """Which says what was expected."""
    with pytest.raises(SourceError) as raised:
        protocol_of(url)
    assert message in str(raised.value)
    assert str(raised.value).isprintable()


def test_urls_are_told_from_files() -> None:
    """By their scheme; an SDP file describes a stream."""
    assert [True, True, False, False, False] == [
        is_url(text) for text in ("HTTP://host", "a/yard.SDP", "a.wav", "mic:USB", "2026:05:01.wav")
    ]


@pytest.mark.parametrize(
    ("url", "options", "message"),
    [
        ("http://host/a", {"user_agnet": "x"}, "http has no option 'user_agnet'; did you mean 'user_agent'?"),
        ("http://host/a", {"tls_verify": "0"}, "http has no option 'tls_verify'"),
        ("rtsp://host/a", {"stimeout": "1"}, "rtsp has no option 'stimeout'"),
        ("rtsp://host/a", {"rtsp_transport": "tpc"}, "option rtsp_transport is one of tcp, udp"),
        ("https://host/a", {"tls_verify": "yes"}, "option tls_verify is one of 0, 1"),
        ("https://host/a", {"ca_file": "/missing.pem"}, "option ca_file: no such file: /missing.pem"),
        ("http://host/a", {"probesize": "64k"}, "option probesize is a whole number"),
        ("udp://@:5000?fifo_siz=1", {}, "udp has no option 'fifo_siz'; did you mean 'fifo_size'?"),
        ("http://host/a", {"headers": "X: secret\0"}, "option headers has a control character in it"),
    ],
)
def test_an_option_that_ffmpeg_would_ignore_is_an_error(url: str, options: dict[str, str], message: str) -> None:
    """Names and values are checked by protocol; values are not repeated."""
    with pytest.raises(SettingError) as raised:
        ffmpeg_options(url, options)
    assert message in str(raised.value)
    assert "secret" not in str(raised.value)


def test_certificates_are_checked_unless_told_otherwise() -> None:
    """FFmpeg would take any."""
    for url in ("https://host/a", "rtsps://host/a"):
        options = ffmpeg_options(url, {})
        assert "1" == options["tls_verify"]
        assert "BEGIN CERTIFICATE" in Path(options["ca_file"]).read_text()
        assert "ca_file" not in ffmpeg_options(url, {"tls_verify": "0"})


def test_cameras_are_asked_for_their_sound_by_tcp() -> None:
    """Unless told otherwise."""
    assert "tcp" == ffmpeg_options("rtsp://host/a", {})["rtsp_transport"]
    assert "udp" == ffmpeg_options("rtsps://host/a", {"rtsp_transport": "udp"})["rtsp_transport"]
    assert "audio" == ffmpeg_options("rtsps://host/a", {})["allowed_media_types"]


def test_ffmpeg_knows_the_options() -> None:
    """Each is an option of its protocol, or of what is read by it."""
    needs("ffmpeg")

    def names(*topics: str) -> set[str]:
        helps = (subprocess.check_output(["ffmpeg", "-v", "error", "-h", topic], text=True) for topic in topics)
        lines = (line.split() for text in helps for line in text.splitlines())
        return {words[0].lstrip("-") for words in lines if words and words[0].startswith("-")}

    tls, udp = names("protocol=tls"), names("protocol=udp")
    known = {
        "http": names("protocol=http", "demuxer=hls"),
        "https": names("protocol=http", "demuxer=hls") | tls,
        "rtsp": names("demuxer=rtsp"),
        "rtsps": names("demuxer=rtsp") | tls,
        "udp": udp,
        "sdp": names("demuxer=sdp"),
    }
    for protocol, options in OPTIONS.items():
        assert set() == set(options) - known[protocol] - {"analyzeduration", "probesize"}, protocol
