"""Settings of a command: flags win over the environment, that over a TOML file, and that over the model's card.

    flag          --hop 0.5                 --threshold dog=0.6
    environment   SED_STREAM_HOP=0.5        SED_STREAM_THRESHOLD=dog=0.6,rooster=0.7
    file          hop = 0.5                 [threshold]
                                            dog = 0.6

Click reads all three (`default_map`, `envvar`) and knows which one a value came from. What it does not do is here:
reading and checking the file, errors for unknown names, and thresholds, where the stronger origin wins for each label.
"""

import contextlib
import datetime
import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click
from click.core import ParameterSource

from edge.cli.command_line import SedCommand
from edge.errors import SettingError, did_you_mean
from edge.sources.url import redacted

_LONGEST_FILE = 100_000  # bytes
_NOT_SETTINGS = ("show_config", "list_devices", "as_json")  # options that ask for another action than listening
_PRECEDENCE = ("flag", "environment", "file", "default")
_FILE_KEY = "edge.settings.file"  # in the context's `meta`


class Origin(NamedTuple):
    """Where a value came from.

    Attributes:
        kind: `flag`, `environment`, `file`, `model card` or `default`.
        place: as an error names it, such as `--hop`, `SED_STREAM_HOP` or `porch.toml: hop`.
    """

    kind: str
    place: str


class Threshold(NamedTuple):
    """A score at which events of a label begin, and where it was set."""

    label: str
    on: float
    origin: Origin


class SettingsCommand(SedCommand):
    """A command whose options may stand in a file (`--config`) and in the environment, too.

    Args:
        environment_prefix: of the variables; `SED_STREAM` makes `--hop` `SED_STREAM_HOP`.
        together: names of parameters that hold lists and replace each other: only those that the strongest origin of
            any of them set are kept.
    """

    def __init__(self, *args: Any, environment_prefix: str, together: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._prefix, self._together = environment_prefix + "_", together
        config = click.Option(
            ["--config"],
            metavar="FILE",
            is_eager=True,
            expose_value=False,
            callback=_use_file,
            help="Read settings from a TOML file; flags and the environment win.  [default: none]",
        )
        show = click.Option(
            ["--show-config"],
            is_flag=True,
            help="Print all settings and where each came from, as such a file, and end.  [default: listen]",
        )
        self.params += [config, show]
        for key, param in [("config", config), *settable(self).items()]:
            param.envvar = self._prefix + key.replace("-", "_").upper()

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """See `click.Command.parse_args`."""
        with self.errors_in_one_line(ctx):
            self._check_environment()
            try:
                rest = super().parse_args(ctx, args)
                self._keep_strongest(ctx)
                return rest
            except click.BadParameter as exc:
                if exc.param is None:
                    raise
                origin = origin_of(ctx, exc.param)
                if origin.kind not in ("environment", "file"):
                    raise  # click names the flag
                raise SettingError(f"{origin.place}: {exc.message}") from exc

    def _keep_strongest(self, ctx: click.Context) -> None:
        kinds = {name: origin_of(ctx, name).kind for name in self._together}
        strongest = min(kinds.values(), key=_PRECEDENCE.index, default="default")
        for name, kind in kinds.items():
            if kind != strongest:
                ctx.params[name] = ()
                ctx.set_parameter_source(name, ParameterSource.DEFAULT)

    def _check_environment(self) -> None:
        known = {str(param.envvar) for param in self.params if param.envvar is not None}
        for name in os.environ:
            if name.startswith(self._prefix) and name not in known:
                raise SettingError(f"{name}: no such setting in the environment{did_you_mean(name, known)}")


class ThresholdOption(click.Option):
    """`--threshold LABEL=P`: what file, environment and flags say is joined, and the stronger wins label by label."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs |= {"multiple": True, "type": click.UNPROCESSED, "metavar": "LABEL=P"}
        super().__init__(*args, **kwargs)

    def value_from_envvar(self, ctx: click.Context) -> list[str]:
        """See `click.Option.value_from_envvar`. By commas, since a label may have a space in it."""
        said = self.resolve_envvar_value(ctx)
        return [] if said is None else said.split(",")

    def consume_value(self, ctx: click.Context, opts: Mapping[str, Any]) -> tuple[Any, ParameterSource]:
        """See `click.Option.consume_value`."""
        value, source = super().consume_value(ctx, opts)
        joined = list(ctx.lookup_default(str(self.name)) or ())
        said = {ParameterSource.ENVIRONMENT: self.value_from_envvar(ctx), ParameterSource.COMMANDLINE: []}
        if source is ParameterSource.COMMANDLINE:
            said[source] = value
        for said_in, texts in said.items():
            joined += [_threshold(text, _origin(ctx, self, said_in)) for text in texts]
        return joined, source


class KeyValueOption(click.Option):
    """`--clip-option KEY=VALUE`: a table of settings, whose origins are joined, and the stronger wins key by key.

    In the file, the values may be text, numbers, true, false or lists of them, too. The value of the parameter is a
    dictionary of texts; what they may be is checked by what is set with them.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs |= {
            "multiple": True,
            "type": click.UNPROCESSED,
            "metavar": "KEY=VALUE",
            "callback": lambda _, __, texts: dict(text.split("=", 1) for text in texts),
        }
        super().__init__(*args, **kwargs)

    def consume_value(self, ctx: click.Context, opts: Mapping[str, Any]) -> tuple[Any, ParameterSource]:
        """See `click.Option.consume_value`."""
        value, source = super().consume_value(ctx, opts)
        joined, origins = dict[str, str](), dict[str, str]()
        for said_in, texts in (
            (ParameterSource.DEFAULT_MAP, ctx.lookup_default(str(self.name))),
            (ParameterSource.ENVIRONMENT, self.value_from_envvar(ctx)),
            (ParameterSource.COMMANDLINE, value if source is ParameterSource.COMMANDLINE else ()),
        ):
            for text in texts or ():
                origin = _origin(ctx, self, said_in)
                key, equals, said = text.partition("=")
                if not key or not equals:
                    raise SettingError(f"{origin.place} {text}: expected KEY=VALUE, such as quota=5GB")
                joined[key], origins[key] = said, origin.kind
        ctx.meta[table_origins(self)] = origins
        return [f"{key}={said}" for key, said in joined.items()], source


def table_origins(param: KeyValueOption) -> str:
    """Where the context's `meta` has the kind of origin of each key of a table."""
    return f"edge.settings.{param.name}"


class TablesOption(click.Option):
    """`--notify FILE`: tables such as `[[notify]]` in that file, or in the file of `--config` itself.

    The value of the parameter is a pair: the file, and what TOML gives for the tables; or None.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"type": click.UNPROCESSED, "metavar": "FILE"})

    def consume_value(self, ctx: click.Context, opts: Mapping[str, Any]) -> tuple[Any, ParameterSource]:
        """See `click.Option.consume_value`."""
        value, source = super().consume_value(ctx, opts)
        if isinstance(value, str):
            value = (value, read_toml(value).get(_key(self), []))
        return value, source


class StartOption(click.Option):
    """`--started-at`: a variable of the environment is one value: a time may have a space in it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs |= {
            "multiple": True,
            "metavar": "TIME|name|metadata|none",
            "callback": lambda _, __, value: value or None,
        }
        super().__init__(*args, **kwargs)

    def value_from_envvar(self, ctx: click.Context) -> list[str] | None:
        """See `click.Option.value_from_envvar`."""
        said = self.resolve_envvar_value(ctx)
        return None if said is None else [said]


def settable(command: click.Command) -> dict[str, click.Parameter]:
    """Key -> argument or option, of those that may stand in a file: no `--help`, `--config` or the like."""
    keys = {}
    for param in command.params:
        if not param.is_eager and param.name not in _NOT_SETTINGS:
            keys[_key(param)] = param
    return keys


def _key(param: click.Parameter) -> str:
    if isinstance(param, click.Argument):
        return str(param.name).removesuffix("s").replace("_", "-")
    return max(param.opts, key=len).lstrip("-")


def origin_of(ctx: click.Context, param: click.Parameter | str) -> Origin:
    """Where the value of a parameter, or of one of that name, came from; only once click has read it."""
    if isinstance(param, str):
        (param,) = (each for each in ctx.command.params if each.name == param)
    return _origin(ctx, param, ctx.get_parameter_source(str(param.name)) or ParameterSource.DEFAULT)


def _origin(ctx: click.Context, param: click.Parameter, source: ParameterSource) -> Origin:
    key = _key(param)
    if source is ParameterSource.ENVIRONMENT:
        return Origin("environment", str(param.envvar))
    if source is ParameterSource.DEFAULT_MAP:
        return Origin("file", f"{ctx.meta[_FILE_KEY]}: {key}")
    flag = key.upper() if isinstance(param, click.Argument) else f"--{key}"
    return Origin("flag" if source is ParameterSource.COMMANDLINE else "default", flag)


def _use_file(ctx: click.Context, _: click.Parameter, path: str | None) -> None:
    if path is not None and not ctx.resilient_parsing:
        ctx.meta[_FILE_KEY] = path
        ctx.default_map = read_config(path, ctx.command)


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


def read_toml(path: str) -> dict[str, Any]:
    """The content of a TOML file of settings.

    Raises:
        SettingError: if it cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(_LONGEST_FILE + 1)
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else str(exc)
        raise SettingError(f"{path}: {reason}; --config expects a TOML file") from exc
    if len(content) > _LONGEST_FILE:
        raise SettingError(f"{path}: is longer than {_LONGEST_FILE} bytes; --config expects a TOML file of settings")
    try:
        return tomllib.loads(content.decode())
    except (ValueError, RecursionError) as exc:  # of TOML, of UTF-8, of numbers with thousands of digits
        raise SettingError(f"{path}: is no TOML ({exc}); expected lines such as hop = 0.5") from exc


def _checked(param: click.Parameter, value: Any, where: str) -> Any:
    """A value from a file, if its type fits the parameter."""
    if isinstance(value, datetime.date):  # or a time of day with it
        value = value.isoformat()
    if isinstance(param, TablesOption):
        return value if isinstance(value, str) else (where.rpartition(": ")[0], value)
    if isinstance(param, ThresholdOption):
        origin = Origin("file", where)
        table = _table(value, where, (int, float), "a score such as 0.6")
        return [_threshold(f"{label}={on!r}", origin) for label, on in table.items()]
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


def _threshold(text: str, origin: Origin) -> Threshold:
    label, _, score = text.rpartition("=")
    with contextlib.suppress(ValueError):
        if label.strip() and 0.0 < float(score) < 1.0:
            return Threshold(label.strip(), float(score), origin)
    raise SettingError(f"{origin.place} {text}: expected LABEL=P with P between 0 and 1, such as dog=0.6")
