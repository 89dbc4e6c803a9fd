"""The outputs of a run, each with a thread and a queue.

    log ── records ──┐
    source ─ sound ──┼──> Outputs ──> queue ──> Output, in a thread of its own     (one queue and one thread each)
    model ── scores ─┘

Nothing waits for an output: what comes while its queue is full is lost for it. Only a source that is not live, such as
a file, waits a while for room. What was lost is counted, and written to the log as an `output` record once the output
goes on:

| type   | fields                                                                                                 |
|--------|--------------------------------------------------------------------------------------------------------|
| output | source, output (its name), lost (what: `records`, `seconds` of sound, or what the output calls it),      |
|        | count (how many since the last such record), reason, at_utc                                             |
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from fractions import Fraction

from edge.log import Record, Sink, rfc3339
from edge.log.scores import DecoderInput
from edge.outputs.output import Output, OutputState, Sound
from edge.sources import Block, Gap

_log = logging.getLogger(__name__)

_MOST_RECORDS = 10_000  # that wait, with frame scores
_MOST_SOUND_BYTES = 64 << 20  # that wait
_TICK_SECONDS, _PATIENT_SECONDS = 0.25, 2.0
_SAY_SECONDS = 10.0  # least time between two records of what was lost
_LONGEST_WAIT_SECONDS = 10.0  # of a source that is not live, for room in a queue
_CLOSE_SECONDS = 10.0  # in which an output gets no further, until it is left behind at the end


class Outputs:
    """All outputs of a run, each with a queue and a thread.

    Args:
        outputs: not started yet.
    """

    def __init__(self, outputs: Sequence[Output]) -> None:
        self._threads = [_OutputThread(output) for output in outputs]
        for output in outputs:
            output.states_of_run = self.states

    @property
    def hears(self) -> bool:
        """Whether one receives sound."""
        return any(thread.output.hears for thread in self._threads)

    @property
    def takes_scores(self) -> bool:
        """Whether one receives frame scores."""
        return any(thread.output.takes_scores for thread in self._threads)

    @property
    def takes_onsets(self) -> bool:
        """Whether one receives onsets that the log does not have."""
        return any(thread.output.takes_onsets for thread in self._threads)

    def start(self, say: Callable[[str, Record], None]) -> None:
        """Start the threads; `say` writes a record of the source of that name to the log."""
        for thread in self._threads:
            thread.start(say)

    def write(self, record: Record) -> None:
        """Hand on a record; see `Sink.write`."""
        for thread in self._threads:
            thread.put(record)

    def hear(self, source: str, item: Block | Gap, begin_seconds: Fraction, *, wait: bool) -> None:
        """Hand on a block or a gap of a source, before the records that follow from it; see `Sound`.

        Args:
            source: its name.
            item: as the source delivered it.
            begin_seconds: where it begins, since the source began.
            wait: for room, some seconds: of a source that is not live.
        """
        sound = Sound(source, item, begin_seconds, time.monotonic())
        for thread in self._threads:
            if thread.output.hears:
                thread.put(sound, wait=wait)

    def take(self, source: str, heard: DecoderInput) -> None:
        """Hand on frame scores; see `ScoreReceiver.take`."""
        for thread in self._threads:
            if thread.output.takes_scores:
                thread.put((source, heard))

    def states(self) -> list[OutputState]:
        """How each output is."""
        return [thread.state() for thread in self._threads]

    def close(self) -> None:
        """Have each finish what waits, and end; one that gets no further is left behind with a warning."""
        for thread in self._threads:
            thread.stop()
        for thread in self._threads:
            thread.join()


class WithOutputs:
    """A sink whose records go to outputs, too, once they are written.

    Args:
        sink: of the log.
        outputs: of the same run.
        onsets: whether onsets are for the log, too, and not for outputs alone.
    """

    def __init__(self, sink: Sink, outputs: Outputs, *, onsets: bool = True) -> None:
        self._sink, self._outputs, self._onsets = sink, outputs, onsets

    def write(self, record: Record) -> None:
        """See `Sink.write`."""
        if self._onsets or record["type"] != "onset":
            self._sink.write(record)
        self._outputs.write(record)


def _say_nothing(source: str, record: Record) -> None:
    """What is lost is said nowhere."""


_Message = Record | Sound | tuple[str, DecoderInput]


class _OutputThread:
    """One output, its queue and its thread."""

    def __init__(self, output: Output) -> None:
        self.output = output
        self._changed = threading.Condition()
        self._waiting: deque[_Message] = deque()
        self._records = self._sound_bytes = 0  # that wait
        self._done = 0  # messages
        self._stopping = self._was_warned = False
        self._said_at = -_SAY_SECONDS
        self._say: Callable[[str, Record], None] = _say_nothing
        self._thread = threading.Thread(target=self._run, name=f"output {output.name}", daemon=True)

    def start(self, say: Callable[[str, Record], None]) -> None:
        self._say = say
        self._thread.start()

    def put(self, message: _Message, *, wait: bool = False) -> None:
        """Add a message, or count it as lost if there is no room."""
        with self._changed:
            if wait and not self._has_room(message):
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._has_room(message), _LONGEST_WAIT_SECONDS)
            if not self._has_room(message):
                source, what, count = _measure(message)
                self.output.lose(source, what, count, "cannot keep up")
                return
            self._count(message, 1)
            self._waiting.append(message)
            if self._wakes(message):
                self._changed.notify_all()

    def state(self) -> OutputState:
        """See `Outputs.states`."""
        return OutputState(self.output.name, self.output.needed, self.output.failure, self.output.lost, self._records)

    def stop(self) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def join(self) -> None:
        done = -1
        while self._thread.is_alive() and done != self._done:
            done = self._done
            self._thread.join(_CLOSE_SECONDS)
        if self._thread.is_alive():
            self._say = _say_nothing  # the log ends before it
            _log.warning("output %s: did not end in time; %d records are lost", self.output.name, self._records)

    def _wakes(self, message: _Message) -> bool:
        """Whether the output does not wait for its next tick: waking up for each message costs more than that."""
        return self._is_half_full if self.output.is_patient else not isinstance(message, Sound)

    def _is_due(self) -> bool:
        return self._stopping or (self._is_half_full if self.output.is_patient else bool(self._waiting))

    @property
    def _is_half_full(self) -> bool:
        return self._records > _MOST_RECORDS // 2 or self._sound_bytes > _MOST_SOUND_BYTES // 2

    def _has_room(self, message: _Message) -> bool:
        if isinstance(message, Sound):
            return self._sound_bytes < _MOST_SOUND_BYTES
        return self._records < _MOST_RECORDS

    def _count(self, message: _Message, sign: int) -> None:
        if not isinstance(message, Sound):
            self._records += sign
        elif isinstance(message.item, Block):
            self._sound_bytes += sign * message.item.samples.nbytes

    def _next(self) -> _Message | None:
        with self._changed:
            if not self._waiting:
                return None
            message = self._waiting.popleft()
            self._count(message, -1)
            self._changed.notify_all()
            return message

    def _run(self) -> None:
        self._guarded(self.output.start)
        while True:
            with self._changed:
                self._changed.wait_for(self._is_due, _PATIENT_SECONDS if self.output.is_patient else _TICK_SECONDS)
                stopping = self._stopping
            while (message := self._next()) is not None:
                self._handle(message)
                self._done += 1
            self._guarded(self.output.tick)
            self._say_losses(_SAY_SECONDS)
            if stopping:
                break
        self._guarded(self.output.close)
        self._say_losses(0.0)
        for (source, what), count in self.output.lost.items():
            _log.warning("output %s: %g %s of %s were lost", self.output.name, count, what, source)

    def _handle(self, message: _Message) -> None:
        if isinstance(message, Sound):
            done = self._guarded(self.output.hear, message)
        elif isinstance(message, tuple):
            done = self._guarded(self.output.take, *message)
        else:
            done = self._guarded(self.output.write, message)
        if not done:
            source, what, count = _measure(message)
            self.output.lose(source, what, count, "an error, see the log of the process")

    def _guarded(self, call: Callable[..., None], *arguments: object) -> bool:
        """Whether a method of the output ended without an error; the first error is a warning with its traceback."""
        try:
            call(*arguments)
        except Exception as exc:  # noqa: BLE001  # an output must not end the others, nor itself
            _log.warning("output %s: %s", self.output.name, exc, exc_info=None if self._was_warned else exc)
            self._was_warned = True
            return False
        return True

    def _say_losses(self, every_seconds: float) -> None:
        if time.monotonic() - self._said_at < every_seconds:
            return
        for source, record in self.output.losses.records():
            self._said_at = time.monotonic()
            try:
                self._say(source, record | {"output": self.output.name, "at_utc": rfc3339(datetime.now(UTC))})
            except OSError:
                return  # the log has failed, which ends the run


def _measure(message: _Message) -> tuple[str, str, float]:
    """Source, what it is and how much of it, to count it as lost."""
    if isinstance(message, Sound):
        return message.source, "seconds", message.item.seconds
    return message[0] if isinstance(message, tuple) else message["source"], "records", 1
