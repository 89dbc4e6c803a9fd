"""Options that are more than one value: thresholds, tables of settings, times."""

import contextlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import click
from click.core import ParameterSource

from edge.cli.settings.origins import Origin, key_of, parameter_origin
from edge.cli.settings.toml_file import read_toml
from edge.errors import SettingError


class Threshold(NamedTuple):
    """A score at which events of a label begin, and where it was set."""

    label: str
    on: float
    origin: Origin


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
            joined += [threshold_of(text, parameter_origin(ctx, self, said_in)) for text in texts]
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
                origin = parameter_origin(ctx, self, said_in)
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
            value = (value, read_toml(value).get(key_of(self), []))
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


def threshold_of(text: str, origin: Origin) -> Threshold:
    """Read `LABEL=P`.

    Raises:
        SettingError: if it is something else.
    """
    label, _, score = text.rpartition("=")
    with contextlib.suppress(ValueError):
        if label.strip() and 0.0 < float(score) < 1.0:
            return Threshold(label.strip(), float(score), origin)
    raise SettingError(f"{origin.place} {text}: expected LABEL=P with P between 0 and 1, such as dog=0.6")
