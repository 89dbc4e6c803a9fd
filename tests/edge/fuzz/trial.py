"""One call of a command."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from tests.edge.fuzz.garbage import GarbageServer


class Trial(NamedTuple):
    """One call of a command.

    Attributes:
        command: `stream`, `replay`, `info` or `doctor`.
        arguments: of its own.
        environment: variables.
        stdin: a file, or nothing.
    """

    command: str
    arguments: list[str]
    environment: Mapping[str, str] = MappingProxyType({})
    stdin: Path | None = None


class Samples(NamedTuple):
    """Small real files to damage, in a folder, and a server that speaks garbage."""

    folder: Path
    server: GarbageServer
