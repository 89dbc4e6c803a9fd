"""HTTP by Python: what FFmpeg does not check, or does not report."""

import base64
import errno
import http.client
import socket
import ssl
import string
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlsplit

Fetch = Callable[[str, int, dict[str, str]], Any]  # as PyAV's io_open
_TIMEOUT_SECONDS = 5.0
_MOST_BYTES = 1_000_000  # of a playlist


def refused_certificate(url: str, options: Mapping[str, str]) -> str | None:
    """Why the server's certificate is not trusted, if it is not: FFmpeg only says that something went wrong."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    port = parts.port or (443 if parts.scheme.lower() == "https" else 322)
    try:
        with socket.create_connection((parts.hostname, port), timeout=_TIMEOUT_SECONDS) as plain:
            _tls_context(options).wrap_socket(plain, server_hostname=parts.hostname).close()
    except ssl.SSLCertVerificationError as exc:
        return exc.verify_message
    except (OSError, ValueError):
        pass
    return None


class Head(NamedTuple):
    """The beginning of what a URL gives.

    Attributes:
        data: its first bytes.
        url: where it was found in the end.
        media_type: in lower case, without parameters.
        parameters: those of the media type.
    """

    data: bytes
    url: str
    media_type: str
    parameters: dict[str, str]


def first_bytes(url: str, options: Mapping[str, str]) -> Head | None:
    """What is there, as far as it takes to know what it is; None if it cannot be fetched."""
    try:
        with https_fetcher(options)(url, 0, {}) as answer:
            data = b""
            deadline = time.monotonic() + _TIMEOUT_SECONDS
            while len(data) < _MOST_BYTES and time.monotonic() < deadline:
                more = answer.read1(_MOST_BYTES - len(data))
                if not more:
                    break
                data += more
                if b"\0" in data or (len(data) > 65_536 and b"[playlist]" not in data and b"<" not in data[:100]):
                    break
            headers = answer.headers
            parameters = {str(key).lower(): str(value) for key, value in headers.get_params([])[1:]}
            return Head(data, answer.url, headers.get_content_type() if "Content-Type" in headers else "", parameters)
    except (OSError, http.client.HTTPException):
        return None


def is_playlist(url: str, fetch: Fetch) -> bool:
    """Whether it is HLS, whose playlist leads elsewhere."""
    try:
        with fetch(url, 0, {}) as answer:
            return bool(answer.read(7) == b"#EXTM3U")
    except TimeoutError:
        raise
    except (OSError, http.client.HTTPException):
        return False  # FFmpeg will say what is wrong


def https_fetcher(options: Mapping[str, str]) -> Fetch:
    """Fetches the playlists and segments of an HLS stream, each from a server whose certificate is checked."""
    context = _tls_context(options)
    headers = dict(_header(line) for line in options.get("headers", "").splitlines() if ":" in line)
    headers |= {"User-Agent": options.get("user_agent", "sed-stream")}
    if "referer" in options:
        headers["Referer"] = options["referer"]
    if "cookies" in options:
        headers["Cookie"] = "; ".join(line.partition(";")[0] for line in options["cookies"].splitlines())

    def fetch(url: str, _flags: int, _options: dict[str, str]) -> Any:
        try:
            request = _request(url, headers)
            return urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS, context=context)
        except urllib.error.URLError as exc:
            if isinstance(exc.reason, TimeoutError):
                raise TimeoutError from None
            raise OSError(errno.EIO, f"a part of it cannot be fetched: {exc.reason}") from None
        except ValueError:
            raise OSError(errno.EIO, "a part of it has a URL that is none") from None

    return fetch


def _request(url: str, headers: Mapping[str, str]) -> urllib.request.Request:
    # FFmpeg sends other characters than those of ASCII as they are, which Python does not.
    parts = urlsplit(quote(url, safe=string.punctuation))
    if parts.scheme not in ("http", "https"):
        raise OSError(errno.EPROTONOSUPPORT, "a playlist that leads elsewhere")
    secret = dict(headers)
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        secret["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    request = urllib.request.Request(parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl())
    for name, value in secret.items():
        request.add_unredirected_header(name, value)
    return request


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip(), value.strip()


def _tls_context(options: Mapping[str, str]) -> ssl.SSLContext:
    """FFmpeg's options about certificates, for Python."""
    context = ssl.create_default_context(cafile=options.get("ca_file"))
    if options.get("tls_verify") == "0":
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if "cert_file" in options:
        context.load_cert_chain(options["cert_file"], options.get("key_file"))
    return context
