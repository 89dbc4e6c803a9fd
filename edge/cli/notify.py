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
from edge.outputs.notify import Engine, Notification, Rule, rules_of


@click.command(cls=SedCommand)
@click.option("--config", required=True, metavar="FILE", help="Settings of sed-stream, with tables [[notify]].")
@click.option(
    "--dry-run",
    "log_path",
    type=click.Path(path_type=Path),
    metavar="LOG",
    help="Print the notifications that would have been sent for this log (.jsonl, with its rotated files) until now.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "text"]),
    help="Of what is printed.  [default: text on a terminal, else jsonl]",
)
@click.version_option(package_name="sed-edge")
def notify(config: str, log_path: Path | None, form: str | None) -> None:
    """Try the rules of notifications in a settings file.

    sed-stream sends the notifications itself; this says what its rules make of a log that exists.
    """
    rules = rules_of(read_toml(config).get("notify", []), config)
    if not rules:
        raise SettingError(f"{config}: has no tables [[notify]]")
    if log_path is None:
        raise SettingError("--dry-run LOG is missing: name a log that sed-stream wrote, such as events.jsonl")
    as_text = sys.stdout.isatty() if form is None else form == "text"
    for each in _notifications(rules, log_path):
        click.echo(_line(each, rules) if as_text else json.dumps(each.to_dict(), ensure_ascii=False))


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
