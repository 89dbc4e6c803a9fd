"""URLs of streams: which ones can be heard, what FFmpeg is told about them, and how they are written down.

FFmpeg ignores an option that it does not know and takes any certificate unless told otherwise; passwords and tokens
stand in its messages. All three are dealt with here.
"""

import importlib.util
import re
import ssl
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from edge.errors import SettingError, SourceError, did_you_mean

_SCHEMES = ("http", "https", "rtsp", "rtsps", "udp")

# What an option may be: any text, a whole number, a file that exists, or one of some words.
_TEXT, _NUMBER, _FILE = "text", "number", "file"
_SWITCH = ("0", "1")
_Kind = str | tuple[str, ...]

_PROBING: dict[str, _Kind] = {"analyzeduration": _NUMBER, "probesize": _NUMBER}
_TLS: dict[str, _Kind] = {"ca_file": _FILE, "cert_file": _FILE, "key_file": _FILE, "tls_verify": _SWITCH}
_HTTP: dict[str, _Kind] = {
    "cookies": _TEXT,
    "headers": _TEXT,
    "http_proxy": _TEXT,
    "live_start_index": _NUMBER,  # HLS: the segment to begin with, counted from the end if negative
    "referer": _TEXT,
    "user_agent": _TEXT,
}
_RTSP: dict[str, _Kind] = {
    "allowed_media_types": _TEXT,
    "buffer_size": _NUMBER,
    "max_port": _NUMBER,
    "min_port": _NUMBER,
    "reorder_queue_size": _NUMBER,
    "rtsp_transport": ("tcp", "udp", "udp_multicast", "http", "https"),
    "user_agent": _TEXT,
}
_UDP: dict[str, _Kind] = {
    "buffer_size": _NUMBER,
    "fifo_size": _NUMBER,
    "localaddr": _TEXT,
    "overrun_nonfatal": _SWITCH,
    "pkt_size": _NUMBER,
    "reuse": _SWITCH,
    "sources": _TEXT,
}
_SDP: dict[str, _Kind] = {"buffer_size": _NUMBER, "localaddr": _TEXT, "reorder_queue_size": _NUMBER}

OPTIONS: dict[str, dict[str, _Kind]] = {
    "http": _HTTP | _PROBING,
    "https": _HTTP | _TLS | _PROBING,
    "rtsp": _RTSP | _PROBING,
    "rtsps": _RTSP | _TLS | _PROBING,
    "udp": _UDP | _PROBING,
    "sdp": _SDP | _PROBING,
}
"""The options that each protocol takes, by FFmpeg's names."""
SECRET_OPTIONS = ("cookies", "headers")
"""Those that may hold a password or a token."""

# Two seconds are enough to find the sound; FFmpeg's own five would be all the time there is to open a stream.
_DEFAULTS = {"analyzeduration": "2000000"}
# What came over the network leads to the network only: no protocol here opens a file or a device.
_RTSP_PROTOCOLS = "rtsp,rtp,srtp,udp,tcp,tls,crypto,http,https,httpproxy"
_HTTP_PROTOCOLS = "http,https,tls,rtp,tcp,udp,crypto,httpproxy,data"
_PROTOCOL_DEFAULTS = {
    # A camera's picture is not asked for. UDP gets lost in firewalls without a word.
    "rtsp": {"rtsp_transport": "tcp", "allowed_media_types": "audio", "protocol_whitelist": _RTSP_PROTOCOLS},
    "http": {"protocol_whitelist": _HTTP_PROTOCOLS},
    "https": {"protocol_whitelist": _HTTP_PROTOCOLS},
    "udp": {"overrun_nonfatal": "1", "protocol_whitelist": "udp"},
    "sdp": {"protocol_whitelist": "file,udp,rtp"},
}

_CA_FILES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora
    "/etc/ssl/cert.pem",  # Alpine, macOS
)


def is_url(source: str) -> bool:
    """Whether a source is a URL, or the SDP file of an RTP stream.

    >>> is_url("rtsp://camera/audio"), is_url("yard.sdp"), is_url("yard.wav")
    (True, True, False)
    """
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", source) is not None or source.lower().endswith(".sdp")


def redacted(url: str) -> str:
    """The URL without what nobody should read: user and password, and the values in its query.

    >>> redacted("https://me:secret@radio.example/live?token=abc&x=1#top")
    'https://***@radio.example/live?token=***&x=***'
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if not re.fullmatch(r"@?([^@:\[\]]*|\[[^@\]]*\])(:[0-9]*)?", authority):
        # A password with a slash in it ends the authority early: better to hide too much.
        rest = "***@" + rest.rpartition("@")[2] if "@" in rest else "***"
    place, mark, query = rest.partition("#")[0].partition("?")
    if mark:
        query = "&".join(
            name + equals + "***" if equals else "***"
            for name, equals, _ in (p.partition("=") for p in query.split("&"))
        )
    return scheme + separator + place + mark + query


def protocol_of(url: str) -> str:
    """The key of the URL's options in `OPTIONS`.

    Raises:
        SourceError: if it is no URL that can be heard.
    """
    shown = redacted(url)
    if "://" not in url and url.lower().endswith(".sdp"):
        return "sdp"
    scheme = url.partition("://")[0].lower()
    if scheme not in _SCHEMES:
        raise SourceError(f"{shown}: {_unknown_scheme(scheme)}")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise SourceError(
            f"{shown}: is no URL; expected {scheme}://HOST[:PORT][/PATH], special characters of a password as %XX"
        ) from None
    if any(not character.isprintable() or character.isspace() for character in url):
        raise SourceError(f"{shown!r}: has spaces or control characters in it; write them as %XX")
    if scheme == "udp" and not port:
        raise SourceError(f"{shown}: has no port; expected udp://ADDRESS:PORT")
    if scheme != "udp" and not host:
        raise SourceError(f"{shown}: has no host; expected {scheme}://HOST[:PORT][/PATH]")
    return scheme


def _unknown_scheme(scheme: str) -> str:
    if scheme in ("rtp", "srtp"):
        return "an RTP stream is described by a file; give the .sdp file instead"
    if scheme == "srt":
        return "SRT is not built in; run ffmpeg -i URL -f wav - | sed-stream - --live"
    return f"unknown protocol {scheme!r}{did_you_mean(scheme, _SCHEMES)}"


def ffmpeg_options(url: str, options: Mapping[str, str]) -> dict[str, str]:
    """The user's options of a URL, checked, and those that it needs besides.

    Raises:
        SourceError: if it is no URL that can be heard.
        SettingError: if its protocol has no such option, or an option no such value.
    """
    protocol = protocol_of(url)
    known = OPTIONS[protocol]
    in_query = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True)) if protocol == "udp" else {}
    for name, value in {**in_query, **options}.items():
        if name not in known:
            raise SettingError(f"{redacted(url)}: {protocol} has no option {name!r}{did_you_mean(name, known)}")
        _check_value(redacted(url), name, value, known[name])
    defaults = _DEFAULTS | _PROTOCOL_DEFAULTS.get(protocol.removesuffix("s") if protocol == "rtsps" else protocol, {})
    chosen = defaults | dict(options)
    if protocol in ("https", "rtsps") and chosen.setdefault("tls_verify", "1") == "1" and "ca_file" not in chosen:
        chosen["ca_file"] = _ca_file(redacted(url))
    return chosen


def _check_value(shown: str, name: str, value: str, kind: _Kind) -> None:
    # The value is not repeated: it may be a secret.
    if isinstance(kind, tuple) and value not in kind:
        raise SettingError(f"{shown}: option {name} is one of {', '.join(kind)}")
    if kind == _NUMBER and not re.fullmatch(r"-?[0-9]{1,10}", value):
        raise SettingError(f"{shown}: option {name} is a whole number")
    if kind == _FILE and not Path(value).is_file():
        raise SettingError(f"{shown}: option {name}: no such file: {value}")
    if "\0" in value:
        raise SettingError(f"{shown}: option {name} has a control character in it")


def _ca_file(shown: str) -> str:
    """The certificates that this machine trusts."""
    own = ssl.get_default_verify_paths().cafile
    for path in (own, *_CA_FILES):
        if path is not None and Path(path).is_file():
            return path
    if importlib.util.find_spec("certifi") is not None:
        import certifi

        return certifi.where()
    raise SettingError(
        f"{shown}: this machine has no list of trusted certificates; install ca-certificates, or give option ca_file"
    )
