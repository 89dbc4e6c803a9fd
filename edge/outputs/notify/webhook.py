"""Sends messages to a webhook: JSON, signed as Standard Webhooks (www.standardwebhooks.com) describes it.

| header            | value                                                                                     |
|-------------------|-------------------------------------------------------------------------------------------|
| webhook-id        | the message's key, the same on every attempt; `Idempotency-Key` is the same               |
| webhook-timestamp | when this attempt was made, in seconds since 1970                                         |
| webhook-signature | `v1,` and the base64 of HMAC-SHA256, with the secret, of `id.timestamp.body`              |
"""

import base64
import binascii
import hashlib
import hmac
import http.client
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import NamedTuple

_TIMEOUT_SECONDS = 5.0
_REFUSED = (400, 405, 406, 409, 410, 411, 413, 414, 415, 422)  # the same message will not be accepted later either
_LONGEST_RETRY_SECONDS = 3600.0


class Outcome(NamedTuple):
    """What became of an attempt.

    Attributes:
        failure: why it was not delivered; None if it was.
        again: whether another attempt may do better.
        after_seconds: until then, if the server says it.
    """

    failure: str | None = None
    again: bool = True
    after_seconds: float | None = None


def post(url: str, key: str, body: bytes, secret: bytes | None) -> Outcome:
    """Make one attempt; never raises for what a server or a network does.

    Args:
        url: of the webhook, with a user and a password or without. A redirect is not followed: it is a failure that
            says where it leads.
        key: of the message.
        body: JSON.
        secret: to sign it with.
    """
    try:
        address, authorization = _divided(url)
        headers = {**_headers(key, body, secret), **authorization}
        request = urllib.request.Request(address, data=body, headers=headers, method="POST")
        with _OPENER.open(request, timeout=_TIMEOUT_SECONDS):
            return Outcome()
    except urllib.error.HTTPError as exc:
        with exc:
            return _failed(exc)
    except urllib.error.URLError as exc:
        return Outcome(str(exc.reason))
    except (OSError, http.client.HTTPException, ValueError) as exc:
        return Outcome(str(exc) or type(exc).__name__)


def secret_of(text: str) -> bytes:
    """The bytes of a secret as it stands in a file: text, or `whsec_` and base64.

    >>> secret_of("whsec_c2VjcmV0")
    b'secret'
    """
    text = text.strip()
    try:
        return (
            base64.b64decode(text.removeprefix("whsec_"), validate=True) if text.startswith("whsec_") else text.encode()
        )
    except binascii.Error as exc:
        raise ValueError("what follows whsec_ is no base64") from exc


def _divided(url: str) -> tuple[str, dict[str, str]]:
    """The URL without user and password, and the header that these become."""
    parts = urllib.parse.urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, {}
    basic = base64.b64encode(urllib.parse.unquote(user).encode()).decode()
    return parts._replace(netloc=host).geturl(), {"Authorization": f"Basic {basic}"}


def _headers(key: str, body: bytes, secret: bytes | None) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "User-Agent": "sed-edge", "Idempotency-Key": key, "webhook-id": key}
    if secret is not None:
        now = str(int(time.time()))
        digest = hmac.new(secret, b".".join((key.encode(), now.encode(), body)), hashlib.sha256).digest()
        signature = f"v1,{base64.b64encode(digest).decode()}"
        headers |= {"webhook-timestamp": now, "webhook-signature": signature}
    return headers


def _failed(exc: urllib.error.HTTPError) -> Outcome:
    failure = f"HTTP {exc.code} {exc.reason}"
    if 300 <= exc.code < 400:
        return Outcome(f"{failure} to {exc.headers.get('Location', 'nowhere')}; give the address that it leads to")
    after = exc.headers.get("Retry-After", "")
    seconds = min(float(after), _LONGEST_RETRY_SECONDS) if after.isdecimal() else None
    return Outcome(failure, exc.code not in _REFUSED, seconds)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirected POST would become a GET without the message."""

    def redirect_request(self, *_: object) -> None:
        """See `HTTPRedirectHandler.redirect_request`."""


_OPENER = urllib.request.build_opener(_NoRedirect)
