"""Who may ask a local page."""

import base64
import re
from pathlib import Path

import pytest

from edge.errors import SettingError
from edge.outputs.web.access import Access
from tests.conftest import DEMO, run_without

TOKEN = "0123456789abcdef"


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"anybody:{password}".encode()).decode()


def test_an_address_that_others_reach_needs_a_token(tmp_path: Path) -> None:
    """The loopback does not."""
    token_file = tmp_path / "token"
    token_file.write_text(f"{TOKEN}\n")
    for address in ("127.0.0.1:8080", "[::1]:8080", "localhost:8080"):
        assert Access.of("--page", address).token is None
    for address in ("0.0.0.0:8080", "[::]:8080", "porch.local:8080", "192.0.2.7:8080"):
        with pytest.raises(SettingError, match=re.escape(f"--page {address}: other machines can reach")):
            Access.of("--page", address)
        assert TOKEN.encode() == Access.of("--page", address, token_file).token


@pytest.mark.parametrize("text", ["", "short", "two words of it all", "ümlaut in the token"])
def test_a_bad_token_is_refused_with_what_makes_a_good_one(tmp_path: Path, text: str) -> None:
    """Before anything is served."""
    (tmp_path / "token").write_text(text)
    with pytest.raises(SettingError, match="at least 16 characters; make one by: openssl rand"):
        Access.of("--page", "127.0.0.1:8080", tmp_path / "token")


def test_only_the_token_is_admitted() -> None:
    """As the password of any user, or as a bearer token; nothing malformed does harm."""
    access = Access(host="0.0.0.0", port=0, token=TOKEN.encode())
    for right in (basic(TOKEN), f"Bearer {TOKEN}"):
        assert access.admits(right)
    for wrong in (
        "",
        "Basic",
        "Basic !!",
        "Bearer ",
        f"Digest {TOKEN}",
        basic(TOKEN[:-1]),
        basic(""),
        "Basic Zm9v",
        "é é",
    ):
        assert not access.admits(wrong)


def test_hosts_are_addresses_or_known_names() -> None:
    """A foreign name that points here is none."""
    access = Access.of("--page", "127.0.0.1:8080", names=["Sed.Example.org"])
    for known in ("127.0.0.1:8080", "localhost", "LOCALHOST.:1", "[::1]:8080", "192.0.2.7", "sed.example.org:443"):
        assert access.knows_host(known)
    for foreign in (
        "",
        "evil.example",
        "evil.example:8080",
        "127.0.0.1.evil.example",
        "localhost:x",
        "[evil]:1",
        "::",
        "a b",
    ):
        assert not access.knows_host(foreign), foreign


def test_without_the_packages_the_extra_is_named() -> None:
    """And nothing else is said, nor heard."""
    script = (
        f"from edge.cli.stream import stream\nstream([{str(DEMO)!r}, '--page', '127.0.0.1:0'], prog_name='sed-stream')"
    )
    done = run_without(script, ("starlette", "uvicorn"))
    assert (1, "") == (done.returncode, done.stdout)
    assert "starlette is not installed; run pip install 'sed-edge[page]'\n" in done.stderr
