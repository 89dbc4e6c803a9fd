"""Why a stream broke or cannot be opened, in words for people and without secrets."""

import contextlib
import logging
import re
import socket
import threading
from collections.abc import Mapping
from urllib.parse import urlsplit

import av
import av.logging

from edge.sources.url.connection import BROKEN, NoSoundError, UselessError, is_http_end
from edge.sources.url.https import refused_certificate

# Answers that another try will not change. Not 404: a mount is missing as long as nobody plays to it.
_REFUSALS = (
    av.error.HTTPBadRequestError,
    av.error.HTTPForbiddenError,
    av.error.HTTPUnauthorizedError,
    av.error.HTTPOtherClientError,
)
_VAGUE = (av.error.HTTPOtherClientError, av.error.HTTPServerError)  # of which FFmpeg does not tell the status
_ONE_AT_A_TIME = threading.Lock()  # FFmpeg's log is one
_TIMEOUT_SECONDS = 5.0


def explain(exc: Exception, url: str, protocol: str, options: Mapping[str, str]) -> tuple[str, bool]:
    """Why it broke, in words without secrets, and whether another try is pointless."""
    if isinstance(exc, NoSoundError | UselessError):
        return str(exc), isinstance(exc, UselessError)
    if isinstance(exc, av.error.ExitError | TimeoutError):
        return "nothing came for some seconds", False
    if isinstance(exc, av.error.InvalidDataError):
        return "holds no sound that can be decoded", False
    if protocol in ("https", "rtsps"):
        refused = refused_certificate(url, options)
        if refused is not None:
            return (
                f"its certificate is not trusted ({refused}); give option ca_file=FILE with the certificate to "
                "trust, or tls_verify=0 to trust anybody",
                True,
            )
    if is_http_end(exc) and (unknown := _unknown_host(url)) is not None:
        return unknown, False
    if isinstance(exc, _VAGUE) and (answer := _answer(url, options)) is not None:
        return f"the server answers {answer}", isinstance(exc, _REFUSALS)
    hint = "; check user and password" if isinstance(exc, av.error.HTTPUnauthorizedError) else ""
    text = exc.strerror if isinstance(exc, OSError | av.error.FFmpegError) else None
    return f"{text or type(exc).__name__}{hint}", isinstance(exc, _REFUSALS)


def _unknown_host(url: str) -> str | None:
    """What is wrong with the name of the server, if anything is: FFmpeg calls that an error of input or output."""
    host = urlsplit(url).hostname
    try:
        socket.getaddrinfo(host, None)
    except OSError as exc:
        return f"no address is known for {host} (DNS: {exc.strerror})"
    return None


def _answer(url: str, options: Mapping[str, str]) -> str | None:
    """The status of the server's answer as it came, which only FFmpeg's log says: the server is asked once more."""
    logging.getLogger("libav").propagate = False  # what it says is for us
    with _ONE_AT_A_TIME:
        av.logging.set_level(av.logging.WARNING)
        av.logging.set_skip_repeated(False)
        try:
            with av.logging.Capture() as lines, contextlib.suppress(*BROKEN):
                av.open(url, options=dict(options), timeout=_TIMEOUT_SECONDS).close()
        finally:
            av.logging.set_level(None)
    for _, _, line in reversed(lines):
        found = re.search(r"method (\w+) failed: ([0-9]{3})(?: \((.*)\))?|HTTP error ([0-9]{3})(?: (.*))?", line)
        if found is not None:
            method, status, reason, http_status, http_reason = found.groups(default="")
            text = f"{status or http_status} {reason or http_reason}".strip()
            return f"{text} to {method}" if method else text
    return None
