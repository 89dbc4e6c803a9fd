"""Why a stream broke or cannot be opened, in words for people and without secrets."""

import errno
from collections.abc import Mapping

import av

from edge.sources.url.connection import NoSoundError
from edge.sources.url.https import refused_certificate

# Answers that another try will not change. Not 404: a mount is missing as long as nobody plays to it.
_REFUSALS = (
    av.error.HTTPBadRequestError,
    av.error.HTTPForbiddenError,
    av.error.HTTPUnauthorizedError,
    av.error.HTTPOtherClientError,
)


def is_end(exc: Exception, protocol: str) -> bool:
    """Whether a stream without a length is at its end: FFmpeg calls that an error."""
    return protocol in ("http", "https") and isinstance(exc, OSError) and exc.errno == errno.EIO


def explain(exc: Exception, url: str, protocol: str, options: Mapping[str, str]) -> tuple[str, bool]:
    """Why it broke, in words without secrets, and whether another try is pointless."""
    if isinstance(exc, NoSoundError):
        return str(exc), False
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
    hint = "; check user and password" if isinstance(exc, av.error.HTTPUnauthorizedError) else ""
    text = exc.strerror if isinstance(exc, OSError | av.error.FFmpegError) else None
    return f"{text or type(exc).__name__}{hint}", isinstance(exc, _REFUSALS)
