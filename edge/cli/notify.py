"""`sed-notify`: which notifications a log leads to."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from edge.cli.command_line import SedCommand
from edge.cli.settings import read_toml
from edge.errors import SettingError
from edge.log import read_log
from edge.outputs.notify import Engine, Notification, Rule, key_of, rules_of, shown, targets_of


@click.command(cls=SedCommand)
@click.option("--config", required=True, metavar="FILE", help="Settings with tables [[notify]].  [default: none]")
@click.option(
    "--dry-run",
    "log_path",
    type=click.Path(path_type=Path),
    metavar="LOG",
    help="Print the notifications that would have been sent for this log (.jsonl, with its rotated files) until now.  "
    "[default: none]",
)
@click.option("--test", is_flag=True, help="Send one message to each target.  [default: send nothing]")
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "text"]),
    help="Of what is printed.  [default: text on a terminal, else jsonl]",
)
@click.version_option(package_name="sed-edge")
def notify(config: str, log_path: Path | None, test: bool, form: str | None) -> None:
    """Try the rules of notifications in a settings file.

    sed-stream sends the notifications itself; this says what its rules make of a log that exists, or tries the targets.
    """
    rules = rules_of(read_toml(config).get("notify", []), config)
    if not rules:
        raise SettingError(f"{config}: has no tables [[notify]]")
    if test:
        _test(rules)
    elif log_path is None:
        raise SettingError("say what to do: --dry-run LOG, such as events.jsonl, or --test")
    else:
        as_text = sys.stdout.isatty() if form is None else form == "text"
        for each in _notifications(rules, log_path):
            click.echo(_line(each, rules) if as_text else json.dumps(each.to_dict(), ensure_ascii=False))


def _test(rules: list[Rule]) -> None:
    """Send a message to each target; exit code 1 if one fails."""
    failed = 0
    for url, send in targets_of(rules).items():
        now = datetime.now(UTC)
        key = key_of("test", url, now.isoformat())
        text = "A trial: notifications reach you here."
        trial = Notification(key=key, rule="test", kind="test", at=now, title="sed-notify", text=text)
        failure = send(trial.to_dict()).failure
        failed += failure is not None
        click.echo(f"{shown(url)}: {'delivered' if failure is None else failure}")
    if failed:
        sys.exit(1)


def _notifications(rules: list[Rule], log_path: Path) -> list[Notification]:
    engine = Engine(rules)
    made = [each for record in read_log(log_path) for each in engine.take(record)]
    if engine.timeless:
        click.echo(f"sed-notify: {engine.timeless} events have no time of day and are left out", err=True)
    return made + engine.advance(datetime.now(UTC))


def _line(notification: Notification, rules: list[Rule]) -> str:
    (rule,) = (rule for rule in rules if rule.name == notification.rule)
    at = notification.at.astimezone(rule.timezone)
    lines = [f"{at:%Y-%m-%d %H:%M:%S}  {notification.rule}: {notification.title}", *notification.text.splitlines()]
    return "\n    ".join(lines)
