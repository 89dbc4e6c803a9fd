"""The outputs of a log, opened as the options of a command say."""

import contextlib
import io
import signal
import sys
from collections.abc import Callable, Iterator, Sequence

from edge.log import JsonLinesSink, Rotation, Sink, TextSink, open_files
from edge.model import Card


@contextlib.contextmanager
def opened_sinks(
    log_format: str | None,
    outs: Sequence[str],
    card: Card,
    sources: Sequence[str],
    durable: bool = False,
    rotation: Rotation | None = None,
    hangup: Callable[[], None] | None = None,
) -> Iterator[list[Sink]]:
    """The files of the log, opened again on SIGHUP, and then stdout, as a table where a person reads it.

    SIGHUP calls `hangup`, too. Without files it ends a process that has a terminal, since that is gone.
    """
    if log_format is None:
        log_format = "text" if sys.stdout.isatty() else "jsonl"
    if log_format == "jsonl" and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # as JSON is, whatever the terminal shows
    stdout = TextSink(sys.stdout, sources) if log_format == "text" else JsonLinesSink(sys.stdout)
    several = len(sources) > 1
    files = open_files(outs, sample_rate=card.sample_rate, several=several, durable=durable, rotation=rotation)

    def reopen(*_: object) -> None:
        for file in files:
            file.reopen()
        if hangup is not None:
            hangup()

    if (files or (hangup is not None and not _has_terminal())) and hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, reopen)
    with contextlib.ExitStack() as stack:
        for file in files:
            stack.enter_context(contextlib.closing(file))
        yield [*files, stdout]


def _has_terminal() -> bool:
    """Whether a terminal belongs to the process, whose end SIGHUP then says."""
    return any(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))
