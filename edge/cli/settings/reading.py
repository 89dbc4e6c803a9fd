"""The settings of a command from a TOML file, each checked by its option."""

import datetime
from typing import Any

import click

from edge.cli.settings.option_types import KeyValueOption, TablesOption, ThresholdOption, threshold_of
from edge.cli.settings.origins import Origin, settable
from edge.cli.settings.toml_file import read_toml
from edge.errors import SettingError, did_you_mean
from edge.sources.url import redacted


def read_config(path: str, command: click.Command) -> dict[str, Any]:
    """A command's settings from a TOML file.

    Returns:
        Parameter's name -> value, as click's `default_map` wants it.

    Raises:
        SettingError: if it cannot be read, or has a key or a value that the command does not know.
    """
    known = settable(command)
    values = {}
    for name, value in read_toml(path).items():
        key = name.replace("_", "-")
        if key not in known:
            raise SettingError(f"{path}: unknown key {name!r}{did_you_mean(name, known)}")
        values[str(known[key].name)] = _checked(known[key], value, f"{path}: {name}")
    return values


def _checked(param: click.Parameter, value: Any, where: str) -> Any:
    """A value from a file, if its type fits the parameter."""
    if isinstance(value, datetime.date):  # or a time of day with it
        value = value.isoformat()
    if isinstance(param, TablesOption):
        return value if isinstance(value, str) else (where.rpartition(": ")[0], value)
    if isinstance(param, ThresholdOption):
        origin = Origin("file", where)
        table = _table(value, where, (int, float), "a score such as 0.6")
        return [threshold_of(f"{label}={on!r}", origin) for label, on in table.items()]
    if isinstance(param, KeyValueOption):
        table = _table(value, where, (str, int, float, bool, list), "text or a number")
        return [f"{name}={_as_text(each)}" for name, each in table.items()]
    if param.metavar is not None and "=" in param.metavar:
        return [f"{name}={text}" for name, text in _table(value, where, (str,), "text").items()]
    types, expected = _toml_types(param)
    with_commas = param.metavar is not None and "," in param.metavar
    if with_commas or param.multiple or param.nargs == -1:
        values = value if isinstance(value, list) else [value]
        for each in values:
            _check_type(each, types, where, f"{expected} or a list of it")
        return ",".join(values) if with_commas else values
    _check_type(value, types, where, expected)
    return value


def _as_text(value: Any) -> str:
    """A value of a file as a flag would give it: lists by commas."""
    if isinstance(value, list):
        return ",".join(map(_as_text, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _table(value: Any, where: str, types: tuple[type, ...], expected: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SettingError(f"{where}: is {_shown(value)}, expected a table of lines such as name = {expected}")
    for name, each in value.items():
        _check_type(each, types, f"{where}.{name}", expected)
    return value


def _toml_types(param: click.Parameter) -> tuple[tuple[type, ...], str]:
    if isinstance(param, click.Option) and param.is_flag:
        return (bool,), "true or false"
    if isinstance(param.type, type(click.INT)):
        return (int,), "a whole number"
    if isinstance(param.type, type(click.FLOAT)):
        return (int, float), "a number"
    return (str,), "text in quotes"


def _check_type(value: Any, types: tuple[type, ...], where: str, expected: str) -> None:
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        raise SettingError(f"{where}: is {_shown(value)}, expected {expected}")


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    return f"the text {redacted(value)!r}" if isinstance(value, str) else str(value).lower()
