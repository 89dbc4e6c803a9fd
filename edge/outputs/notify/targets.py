"""Where notifications go: webhooks by our own client, everything else by Apprise."""

import json
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from edge.errors import InstallError, SettingError
from edge.outputs.notify.rules import Rule
from edge.outputs.notify.webhook import Outcome, post, secret_of

Send = Callable[[dict[str, Any]], Outcome]


def targets_of(rules: Iterable[Rule]) -> dict[str, Send]:
    """How to send to each target of some rules, by its URL.

    Raises:
        InstallError: if Apprise is needed and not installed.
        SettingError: if a target or a file with a secret cannot be used, or two rules differ about a secret.
    """
    targets: dict[str, Send] = {}
    secrets: dict[str, Path | None] = {}
    for rule in rules:
        for url in rule.to:
            if secrets.setdefault(url, rule.secret_file) != rule.secret_file:
                raise SettingError(f"{rule.name}: another rule has another secret-file for {shown(url)}; give one")
            if url not in targets:
                is_webhook = url.startswith(("http://", "https://"))
                targets[url] = _webhook(url, rule) if is_webhook else _by_apprise(url, rule)
    return targets


def shown(url: str) -> str:
    """A target as messages name it: what follows the host may be a secret.

    >>> shown("https://user:password@hooks.example/T0/secret")
    'https://hooks.example/***'
    """
    scheme, _, rest = url.partition("://")
    host = rest.split("?")[0].rpartition("@")[2].partition("/")
    return f"{scheme}://{host[0]}/***" if host[1] and scheme in ("http", "https") else f"{scheme}://***"


def _webhook(url: str, rule: Rule) -> Send:
    secret = None
    if rule.secret_file is not None:
        try:
            secret = secret_of(rule.secret_file.read_text())
        except (OSError, ValueError) as exc:
            why = exc.strerror if isinstance(exc, OSError) else exc
            raise SettingError(f"{rule.name}: secret-file {rule.secret_file}: {why}") from exc

    def send(body: dict[str, Any]) -> Outcome:
        return post(url, body["key"], json.dumps(body, ensure_ascii=False).encode(), secret)

    return send


def _by_apprise(url: str, rule: Rule) -> Send:
    try:
        import apprise
    except ModuleNotFoundError as exc:
        raise InstallError(f"{rule.name}: {shown(url)} needs apprise; run pip install 'sed-edge[notify]'") from exc
    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # failures are reported here, without the URL
    service = apprise.Apprise()
    if not service.add(url):
        raise SettingError(f"{rule.name}: to: Apprise knows no service of the form {shown(url)}")

    def send(body: dict[str, Any]) -> Outcome:
        return Outcome() if service.notify(title=body["title"], body=body["text"]) else Outcome("Apprise failed")

    return send
