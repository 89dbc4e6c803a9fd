"""Who may ask a local page: those on this machine, or those who know the token.

A page that other machines can reach needs a token, which browsers send as the password of HTTP's Basic authentication
(any user name will do), and programs also as a bearer token.

A foreign page must not reach ours by a name of its own that it lets point to this machine (DNS rebinding). So the name
in the `Host` header must be an address, which nobody can redirect, or one that is known to be this machine's.
"""

import base64
import binascii
import hmac
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.errors import SettingError
from edge.outputs.values import read_address

LEAST_TOKEN = 16  # characters


@dataclass(frozen=True, kw_only=True)
class Access:
    """Where a page is served, and who may ask for it.

    Attributes:
        host: name or address that the server listens on.
        port: 0 takes a free one.
        token: that each request must carry, if any.
        names: by which browsers may call this machine, in lower case, beside addresses and `localhost`.
    """

    host: str
    port: int
    token: bytes | None = None
    names: frozenset[str] = frozenset()

    @classmethod
    def of(cls, flag: str, address: str, token_file: Path | None = None, names: Sequence[str] = ()) -> "Access":
        """Read the settings of a page.

        Args:
            flag: the option that turns the page on, as errors name it, such as `--page`.
            address: `HOST:PORT`.
            token_file: file with the token.
            names: of this machine, beside its own host name.

        Raises:
            SettingError: if one is wrong, or others could reach the page without a token.
        """
        host, port = read_address(flag, address, "127.0.0.1:8080")
        token = None if token_file is None else _read_token(flag, token_file)
        if token is None and not _is_loopback(host):
            raise SettingError(
                f"{flag} {address}: other machines can reach this address; "
                f"name a file with a token by {flag}-token-file, or listen on 127.0.0.1"
            )
        own = socket.gethostname().lower()
        return cls(host=host, port=port, token=token, names=frozenset({own, f"{own}.local", *map(str.lower, names)}))

    def knows_host(self, header: str) -> bool:
        """Whether a `Host` header names this machine.

        >>> Access(host="127.0.0.1", port=8080).knows_host("localhost:8080")
        True
        """
        name = header.lower()
        if not name.endswith("]"):
            name, _, port = name.rpartition(":") if ":" in name else (name, "", "")
            if port and not port.isdecimal():
                return False
        name = name.removesuffix(".")
        return name in self.names or name == "localhost" or _is_address(name.removeprefix("[").removesuffix("]"))

    def admits(self, authorization: str) -> bool:
        """Whether an `Authorization` header has the token, if one is needed."""
        if self.token is None:
            return True
        scheme, _, value = authorization.partition(" ")
        given = value.encode("utf-8", "replace")
        if scheme.lower() == "basic":
            try:
                given = base64.b64decode(given, validate=True).partition(b":")[2]
            except binascii.Error:
                return False
        return scheme.lower() in ("basic", "bearer") and hmac.compare_digest(given, self.token)


def _read_token(flag: str, path: Path) -> bytes:
    try:
        token = path.read_bytes().strip()
    except OSError as exc:
        raise SettingError(f"{flag}-token-file {path}: {exc.strerror or exc}; give a file with a token") from exc
    if len(token) < LEAST_TOKEN or not all(0x21 <= byte < 0x7F for byte in token):
        raise SettingError(
            f"{flag}-token-file {path}: expected one word of at least {LEAST_TOKEN} characters; "
            f"make one by: openssl rand -hex 16 > {path}"
        )
    return token


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
