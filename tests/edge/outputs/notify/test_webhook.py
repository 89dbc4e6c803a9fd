import base64
import hashlib
import hmac

import pytest

from edge.outputs.notify import webhook
from edge.outputs.notify.webhook import Outcome, post, secret_of
from tests.edge.live.servers import free_port
from tests.edge.outputs.notify.hooks import hook_server

BODY = b'{"title": "dog"}'


def test_a_message_is_signed_and_has_its_key() -> None:
    """As Standard Webhooks asks for it; the receiver can check both with the secret."""
    with hook_server() as hook:
        assert Outcome() == post(hook.url, "k1", BODY, b"secret")
    (request,) = hook.received
    headers = request.headers
    signed = f"k1.{headers['webhook-timestamp']}.".encode() + request.raw
    expected = base64.b64encode(hmac.new(b"secret", signed, hashlib.sha256).digest()).decode()
    assert f"v1,{expected}" == headers["webhook-signature"]
    assert ("k1", "k1", BODY) == (headers["webhook-id"], headers["idempotency-key"], request.raw)


def test_without_a_secret_nothing_is_signed() -> None:
    """A signature of no secret would only look like one."""
    with hook_server() as hook:
        post(hook.url, "k1", BODY, None)
    assert "webhook-signature" not in hook.received[0].headers


def test_a_user_and_a_password_in_the_url_are_sent_as_a_header() -> None:
    """With signs that a URL writes in another way."""
    with hook_server() as hook:
        assert Outcome() == post(hook.url.replace("http://", "http://me:p%40w@"), "k1", BODY, None)
    assert "Basic " + base64.b64encode(b"me:p@w").decode() == hook.received[0].headers["authorization"]


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (500, {}, Outcome("HTTP 500 Internal Server Error")),
        (503, {"Retry-After": "120"}, Outcome("HTTP 503 Service Unavailable", after_seconds=120.0)),
        (429, {"Retry-After": "999999"}, Outcome("HTTP 429 Too Many Requests", after_seconds=3600.0)),
        (401, {}, Outcome("HTTP 401 Unauthorized")),
        (413, {}, Outcome("HTTP 413 Request Entity Too Large", again=False)),
        (
            302,
            {"Location": "https://elsewhere/"},
            Outcome("HTTP 302 Found to https://elsewhere/; give the address that it leads to"),
        ),
    ],
)
def test_what_a_server_says_decides_whether_to_try_again(
    status: int, headers: dict[str, str], expected: Outcome
) -> None:
    """A redirect is not followed: the message would not go with it."""
    with hook_server() as hook:
        hook.status, hook.headers = status, headers
        assert expected == post(hook.url, "k1", BODY, None)
    assert 1 == len(hook.received)


def test_a_server_that_is_down_or_slow_is_a_failure_like_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is raised, and nothing waits for ever."""
    assert "refused" in str(post(f"http://127.0.0.1:{free_port()}/", "k1", BODY, None).failure)
    monkeypatch.setattr(webhook, "_TIMEOUT_SECONDS", 0.2)
    with hook_server() as hook:
        hook.delay_seconds = 0.6
        assert Outcome("timed out") == post(hook.url, "k1", BODY, None)


def test_a_secret_may_be_text_or_base64() -> None:
    """As the receiver shows it; the line end of its file is no part of it."""
    assert b"pass word" == secret_of("pass word\n")
    assert b"secret" == secret_of("whsec_c2VjcmV0\n")
    with pytest.raises(ValueError, match="what follows whsec_ is no base64"):
        secret_of("whsec_c2Vj!")
