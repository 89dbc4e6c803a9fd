"""The sources of a run, spread over several processes: Python runs one thread of a process at a time.

    process 1 ── listen: sources 1, 3, 5 ──┐ records, and the sound if outputs want it
    process 2 ── listen: sources 2, 4, 6 ──┴──> this one: log ── files, stdout, outputs

Each is this command again, with the same settings, and a `Task` that says which part is its own. Only this process is
sent signals; it stops the others, and has them read the model again. One that dies ends the run.
"""

import contextlib
import json
import os
import pickle
import queue
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from edge.errors import SedError
from edge.log import Log, Record, Sink, stop_record
from edge.outputs import Outputs, WithOutputs
from edge.session.part import Task
from edge.sources import InTurn, Source, each_of

_END_SECONDS = 15.0  # in which a process that is to stop has to end
_MOST_NAMES = 5  # of sources, in a message
_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Processes:
    """The processes of a run.

    Args:
        command: starts one, which reads its task from stdin.
        arguments: of `sed-stream`.
        sources: of the run; those that are heard in turn stay together.
        count: how many processes; at most one for each source.
    """

    def __init__(
        self, command: Sequence[str], arguments: Sequence[str], sources: Sequence[Source | InTurn], count: int
    ) -> None:
        self._command, self._arguments, self._sources = command, arguments, sources
        self._count = min(count, len(sources))
        self._children: list[_Child] = []

    def read_model_again(self) -> None:
        """Have each process read the model again; may be called by a handler of signals."""
        for child in self._children:
            child.read_model_again()

    def listen(self, sink: Sink, outputs: Outputs | None, *, onsets: bool, stopping: threading.Event) -> int:
        """Listen until each source has ended or `stopping` is set; see `edge.session.listen`.

        Returns:
            The exit code: other than 0 where a source failed, as its process has said on stderr.

        Raises:
            SedError: if a process died; the others have ended in order by then.
            OSError: the error of the sink, which ends all processes.
        """
        log = Log(sink if outputs is None else WithOutputs(sink, outputs, onsets=onsets))
        done = queue.SimpleQueue[_Child]()
        with contextlib.ExitStack() as stack:
            if outputs is not None:
                outputs.start(log.write)
                stack.callback(outputs.close)
            stack.callback(self._end, log)
            for number in range(self._count):
                task = Task(
                    arguments=self._arguments,
                    number=number,
                    processes=self._count,
                    onsets=onsets or (outputs is not None and outputs.takes_onsets),
                    sound=outputs is not None and outputs.hears,
                    scores=outputs is not None and outputs.takes_scores,
                )
                names = [source.name for source in each_of(task.part_of(self._sources))]
                self._children.append(_Child(self._command, task, names, log, outputs, done.put))
            self._wait(done, stopping, log)
        if log.failure is not None:
            raise log.failure
        for child in self._children:
            child.require_ended()
        return max(child.exit_code for child in self._children)

    def _wait(self, done: "queue.SimpleQueue[_Child]", stopping: threading.Event, log: Log) -> None:
        """Until all have ended, one has died, or all must end."""
        running = len(self._children)
        while running > 0 and log.failure is None and not stopping.is_set():
            with contextlib.suppress(queue.Empty):
                child = done.get(timeout=0.1)  # not for ever: a signal must come through
                if not child.ended:
                    return
                running -= 1

    def _end(self, log: Log) -> None:
        for child in self._children:
            child.stop()
        for child in self._children:
            child.join()
            with contextlib.suppress(OSError):  # the log has failed
                for source in child.begun:  # of one that died
                    log.write(source, stop_record("error"))


class _Child:
    """A process, and the thread that takes what it says.

    Attributes:
        ended: whether it has said that its logs have ended.
        begun: the sources whose logs have begun and not ended.
        exit_code: once it has been joined.
    """

    def __init__(
        self,
        command: Sequence[str],
        task: Task,
        names: Sequence[str],
        log: Log,
        outputs: Outputs | None,
        done: Callable[["_Child"], None],
    ) -> None:
        self._task, self._names, self._log, self._outputs, self._done = task, names, log, outputs, done
        self._ids: dict[int, int] = {}  # its number of an event whose onset is written -> that of the log
        self.ended, self.exit_code = False, 0
        self.begun: dict[str, None] = {}
        with _signals_blocked():
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdin is not None and self._process.stdout is not None
        self._orders, self._messages = self._process.stdin, self._process.stdout
        with contextlib.suppress(BrokenPipeError):  # it is dead, as its thread will find
            self._orders.write(json.dumps(asdict(task)).encode() + b"\n")
            self._orders.flush()
        self._thread = threading.Thread(target=self._run, name=f"process {task.number + 1}", daemon=True)
        self._thread.start()

    def read_model_again(self) -> None:
        """See `Processes.read_model_again`."""
        with contextlib.suppress(OSError, ValueError):  # it has ended
            os.write(self._orders.fileno(), b"\n")

    def stop(self) -> None:
        """Have it end its sources and their logs."""
        with contextlib.suppress(OSError):
            self._orders.close()

    def join(self) -> None:
        """Wait for its end; one that does not come to it is killed."""
        self._thread.join(_END_SECONDS)
        if self._thread.is_alive():
            self._process.kill()
            self._thread.join()
        self.exit_code = self._process.wait()

    def require_ended(self) -> None:
        """Check that it did not die.

        Raises:
            SedError: if it did.
        """
        if self.ended:
            return
        names = ", ".join(self._names[:_MOST_NAMES])
        more = f" and {len(self._names) - _MOST_NAMES} more" if len(self._names) > _MOST_NAMES else ""
        code = self.exit_code
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        raise SedError(
            f"process {self._task.number + 1} of {self._task.processes} {how}, which ended the run; "
            f"its sources were {names}{more}; start sed-stream again"
        )

    def _run(self) -> None:
        try:
            while not self.ended:
                self._take(*pickle.load(self._messages))
        except (EOFError, pickle.UnpicklingError):
            pass  # it died, perhaps within a message
        finally:
            self._messages.close()  # it is not kept waiting, should this thread have failed
            self._done(self)

    def _take(self, kind: str, *said: Any) -> None:
        if kind == "record":
            self._write(*said)
        elif kind == "sound":
            source, item, begin_seconds, wait = said
            assert self._outputs is not None
            self._outputs.hear(source, item, begin_seconds, wait=wait)
        elif kind == "scores":
            assert self._outputs is not None
            self._outputs.take(*said)
        else:
            self.ended = True

    def _write(self, record: Record) -> None:
        source = record["source"]
        if record["type"] == "start":
            self.begun[source] = None
        elif record["type"] == "stop":
            self.begun.pop(source, None)
        with contextlib.suppress(OSError), self._log.exclusive():  # the log has failed, which ends the run
            if "id" in record:
                record["id"] = self._number(record["id"], is_onset=record["type"] == "onset")
            self._log.write(source, record)

    def _number(self, own: int, *, is_onset: bool) -> int:
        """The number in the log for one of the process; an onset and its event have the same."""
        number = self._ids.pop(own) if own in self._ids else self._log.next_id()
        if is_onset:
            self._ids[own] = number
        return number


@contextlib.contextmanager
def _signals_blocked() -> Iterator[None]:
    """Those that end a run reach no process that is started meanwhile, though Ctrl-C is sent to all of a terminal."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
