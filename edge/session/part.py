"""A part of the sources of a run, in a process of its own; `edge.session.processes` has the other end.

stdin    one line of JSON, the `Task`; then a byte whenever the model is to be read again; its end means: stop
stdout   pickled messages, in order: `record`, `sound` and `scores` with their arguments, `end` as the last one
"""

import contextlib
import dataclasses
import json
import os
import pickle
import threading
from collections.abc import Callable, Sequence
from fractions import Fraction
from types import TracebackType
from typing import Any, Self, TypeVar

from edge.log import Record
from edge.log.scores import DecoderInput
from edge.outputs import Outputs
from edge.sources import Block, Gap

Each = TypeVar("Each")
_STDIN, _STDOUT, _STDERR = range(3)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Task:
    """What one of several processes has to do.

    Attributes:
        arguments: of `sed-stream`, the same for all.
        number: of this process, from 0.
        processes: how many there are; each takes the sources whose index leaves its number as the remainder.
        onsets: whether `onset` records are wanted.
        sound: whether outputs want the sound.
        scores: whether outputs want the frame scores.
    """

    arguments: Sequence[str]
    number: int
    processes: int
    onsets: bool
    sound: bool
    scores: bool

    def part_of(self, sources: Sequence[Each]) -> list[Each]:
        """The sources of this process.

        >>> task = Task(arguments=[], number=1, processes=3, onsets=False, sound=False, scores=False)
        >>> task.part_of("abcdefgh")
        ['b', 'e', 'h']
        """
        return list(sources[self.number :: self.processes])


class Part:
    """The process of a part: its task, and a sink and outputs that hand everything to the process above.

    Leaving the context says that all logs have ended.

    Attributes:
        task: as the process above states it.
        stopping: set when that process says so, or is gone.
        outputs: receive sound and scores; None where nobody wants the sound.
    """

    def __init__(self) -> None:
        self._orders = open(_STDIN, "rb", buffering=0, closefd=False)  # noqa: SIM115  # open until the process ends
        self._messages = open(os.dup(_STDOUT), "wb")  # noqa: SIM115
        os.dup2(_STDERR, _STDOUT)  # what a library prints is no message
        self._lock = threading.Lock()
        self.task = Task(**json.loads(self._orders.readline()))
        self.stopping = threading.Event()
        self.outputs = _Forwarding(self._send, self.task.scores) if self.task.sound or self.task.scores else None

    def obey(self, read_model_again: Callable[[], None]) -> Self:
        """From now on, do what the process above says."""

        def run() -> None:
            while self._orders.read(1):
                read_model_again()
            self.stopping.set()

        threading.Thread(target=run, name="orders", daemon=True).start()
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._send("end")

    def write(self, record: Record) -> None:
        """See `Sink.write`."""
        self._send("record", record)

    def _send(self, *message: Any) -> None:
        with self._lock:
            pickle.dump(message, self._messages, protocol=pickle.HIGHEST_PROTOCOL)
            self._messages.flush()


class _Forwarding(Outputs):
    """Hands sound and scores on; records come to the outputs with the log."""

    def __init__(self, send: Callable[..., None], takes_scores: bool) -> None:
        super().__init__([])
        self._send, self._takes_scores = send, takes_scores

    @property
    def takes_scores(self) -> bool:
        """See `Outputs.takes_scores`."""
        return self._takes_scores

    def hear(self, source: str, item: Block | Gap, begin_seconds: Fraction, *, wait: bool) -> None:
        """See `Outputs.hear`."""
        with contextlib.suppress(BrokenPipeError):  # the next record says so
            self._send("sound", source, item, begin_seconds, wait)

    def take(self, source: str, heard: DecoderInput) -> None:
        """See `Outputs.take`."""
        with contextlib.suppress(BrokenPipeError):
            self._send("scores", source, heard)
