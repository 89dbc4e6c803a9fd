"""What all commands share: errors become one line on stderr, where messages go too.

Commands import what only some installations have within their functions: `--help` is quick, and a package that is
missing becomes a message that says what to install.
"""

import contextlib
import io
import logging
import os
import sys
from collections.abc import Iterator
from typing import Any

import click

from edge.errors import InstallError, SedError

# The extra that brings each package which the runtime does without.
_EXTRAS = {
    "pyarrow": "parquet",
    "fsspec": "scan",
    "ray": "scan",
    "prometheus_client": "health",
    "paho": "mqtt",
    "apprise": "notify",
    "starlette": "page",
    "uvicorn": "page",
    "librosa": "export",
    "threadpoolctl": "export",
    "torch": "train",
    "torchlibrosa": "train",
    "lightning": "train",
    "matplotlib": "plot",
    "tensorboard": "train",
    "scipy": "train",
    "sed_scores_eval": "train",
    "tqdm": "train",
    "onnx": "export",
    "onnxscript": "export",
}


class SedCommand(click.Command):
    """A command whose `SedError`s end it with one line and their exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """See `click.Command.invoke`."""
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # a name that a terminal cannot show ends nothing
        logging.basicConfig(format=f"{ctx.find_root().info_name}: %(message)s", level=logging.WARNING)
        try:
            with self.errors_in_one_line(ctx):
                return self._invoke(ctx)
        finally:
            _drop_what_stdout_refused()

    @contextlib.contextmanager
    def errors_in_one_line(self, ctx: click.Context) -> Iterator[None]:
        """What goes wrong within ends the command with one line and its exit code."""
        try:
            yield
        except SedError as exc:
            click.echo(f"{ctx.find_root().info_name}: {exc}", err=True)
            ctx.exit(exc.exit_code)
        except KeyboardInterrupt:
            click.echo(f"{ctx.find_root().info_name}: interrupted", err=True)
            ctx.exit(130)
        except BrokenPipeError:
            raise  # a reader that has left: click ends quietly
        except OSError as exc:
            place = f"{exc.filename}: " if exc.filename else ""
            click.echo(f"{ctx.find_root().info_name}: {place}{exc.strerror or exc}", err=True)
            ctx.exit(1)

    def _invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as exc:
            package = (exc.name or "").partition(".")[0]
            if package not in _EXTRAS:
                raise
            raise InstallError(f"{package} is not installed; run pip install 'sed-edge[{_EXTRAS[package]}]'") from exc


def _drop_what_stdout_refused() -> None:
    """Discard it, because Python would try to write it again at exit, report that again, and change the exit code."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
