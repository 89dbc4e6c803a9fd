"""Where the value of a setting came from: a flag, the environment, a file, or a default."""

from typing import NamedTuple

import click
from click.core import ParameterSource

FILE_KEY = "edge.settings.file"  # in the context's `meta`: the path of --config
_NOT_SETTINGS = ("show_config", "list_devices", "as_json")  # options that ask for another action than listening


class Origin(NamedTuple):
    """Where a value came from.

    Attributes:
        kind: `flag`, `environment`, `file`, `model card` or `default`.
        place: as an error names it, such as `--hop`, `SED_STREAM_HOP` or `porch.toml: hop`.
    """

    kind: str
    place: str


def settable(command: click.Command) -> dict[str, click.Parameter]:
    """Key -> argument or option, of those that may stand in a file: no `--help`, `--config` or the like."""
    keys = {}
    for param in command.params:
        if not param.is_eager and param.name not in _NOT_SETTINGS:
            keys[key_of(param)] = param
    return keys


def key_of(param: click.Parameter) -> str:
    """The key of an argument or option in a file."""
    if isinstance(param, click.Argument):
        return str(param.name).removesuffix("s").replace("_", "-")
    return max(param.opts, key=len).lstrip("-")


def origin_of(ctx: click.Context, param: click.Parameter | str) -> Origin:
    """Where the value of a parameter, or of one of that name, came from; only once click has read it."""
    if isinstance(param, str):
        (param,) = (each for each in ctx.command.params if each.name == param)
    return parameter_origin(ctx, param, ctx.get_parameter_source(str(param.name)) or ParameterSource.DEFAULT)


def parameter_origin(ctx: click.Context, param: click.Parameter, source: ParameterSource) -> Origin:
    """Where the value of a parameter came from, if click took it from `source`."""
    key = key_of(param)
    if source is ParameterSource.ENVIRONMENT:
        return Origin("environment", str(param.envvar))
    if source is ParameterSource.DEFAULT_MAP:
        return Origin("file", f"{ctx.meta[FILE_KEY]}: {key}")
    flag = key.upper() if isinstance(param, click.Argument) else f"--{key}"
    return Origin("flag" if source is ParameterSource.COMMANDLINE else "default", flag)
