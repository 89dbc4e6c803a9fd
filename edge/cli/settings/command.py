"""A command whose options may stand in a file and in the environment, too."""

import os
from collections.abc import Sequence
from typing import Any

import click
from click.core import ParameterSource

from edge.cli.command_line import SedCommand
from edge.cli.settings.origins import FILE_KEY, origin_of, settable
from edge.cli.settings.reading import read_config
from edge.errors import SettingError, did_you_mean

_ARGUMENTS = "edge.cli.settings.arguments"
_PRECEDENCE = ("flag", "environment", "file", "default")


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
        ctx.meta[_ARGUMENTS] = list(args)
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

    def read_again(self, ctx: click.Context) -> click.Context:
        """The settings as the same arguments give them now: the file of `--config` may say something else.

        Raises:
            SettingError: if they are wrong by now.
        """
        try:
            return self.make_context(ctx.info_name, arguments_of(ctx))
        except click.ClickException as exc:
            raise SettingError(exc.format_message()) from exc
        except click.exceptions.Exit as exc:
            raise SettingError("the settings are wrong by now; sed-stream --show-config says how") from exc

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


def arguments_of(ctx: click.Context) -> list[str]:
    """The arguments of the command in `ctx`, as they were given."""
    return list(ctx.meta[_ARGUMENTS])


def _use_file(ctx: click.Context, _: click.Parameter, path: str | None) -> None:
    if path is not None and not ctx.resilient_parsing:
        ctx.meta[FILE_KEY] = path
        ctx.default_map = read_config(path, ctx.command)
