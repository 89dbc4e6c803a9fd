"""Connects several sources, one model, a decoder for each source, and one log; nothing else knows all of them."""

import contextlib
import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from edge.detection import Decoder
from edge.errors import SedError, SourceError
from edge.log import Log, Sink, source_record
from edge.log.scores import ScoreReceiver
from edge.model import StepModel, Window
from edge.outputs import Outputs, WithOutputs
from edge.session.reporter import Reporter
from edge.session.succession import Succession
from edge.session.worker import Worker
from edge.sources import InTurn, Source, Start

_log = logging.getLogger(__name__)

_LONGEST_BLOCK_SECONDS = 0.1  # that a live source collects before it hands it on
_LOOK_SECONDS = 0.25
_GRACE_SECONDS = 2.0  # to process what was already received, once everything is to end


def listen(
    sources: Sequence[Source | InTurn],
    model: StepModel,
    window: Window,
    make_decoder: Callable[[], Decoder],
    sink: Sink,
    *,
    stopping: threading.Event,
    onsets: bool = False,
    starts: Mapping[str, Start] | None = None,
    stats_every_seconds: float | None = None,
    queue_seconds: float = 30.0,
    scores: ScoreReceiver | None = None,
    outputs: Outputs | None = None,
    channel: str = "mix",
    succession: Succession | None = None,
    look: Callable[[Callable[[str], None]], None] | None = None,
    count: int | None = None,
) -> None:
    """Listen to sources until each has ended or `stopping` is set, and log the detected events.

    A source that cannot be opened leaves nothing in the log; one that fails later has its open events closed and its
    log ended with `error`. Either way the others go on, and the failure is raised once they have ended.

    Args:
        sources: with distinct names; all at once, except those of an `InTurn`.
        model: runs the steps of all sources.
        window: lengths of the sliding window.
        make_decoder: called for each source.
        sink: receives the records of all sources.
        stopping: when set, all sources are stopped, open events closed and the logs ended.
        onsets: whether to write onsets as soon as they are certain.
        starts: when the first sample was heard, by the name of a source without a clock.
        stats_every_seconds: time between two `stats` records; 0 for only the last one, None for hourly ones of live
            sources.
        queue_seconds: most sound of a source that may wait for the model.
        scores: receives the frame scores of all sources.
        outputs: receive sound and records, each in a thread of its own; started and closed here.
        channel: of each source, to hear: `mix`, `best` or a number from 1.
        succession: of the model; a source uses the newest one as soon as it can.
        look: called about four times a second, with a function that writes a warning to the log of each source that is
            heard: to set the newest model.
        count: of all sources of the run, where other processes hear some of them; that of `sources` if None.

    Raises:
        SedError: the error of a source, or how many sources failed.
        OSError: the error of the sink, which ends all sources.
    """
    block_seconds = min(_LONGEST_BLOCK_SECONDS, window.hop_frames * model.card.frame_seconds)
    log = Log(sink if outputs is None else WithOutputs(sink, outputs, onsets=onsets))
    writes_onsets = onsets or (outputs is not None and outputs.takes_onsets)
    done = queue.SimpleQueue[Worker]()

    def begin(source: Source) -> Worker:
        start = None if starts is None else starts.get(source.name)
        newest = None if succession is None else succession.newest
        reporter = Reporter(
            source,
            model if newest is None else newest.model,
            window,
            make_decoder() if newest is None else newest.make_decoder(),
            log,
            onsets=writes_onsets,
            start=start,
            scores=scores,
            outputs=outputs,
            channel=channel,
            succession=succession,
            successor=newest,
        )
        return Worker(source, reporter, queue_seconds, block_seconds, stats_every_seconds, done.put)

    turns = [deque(one.sources if isinstance(one, InTurn) else (one,)) for one in sources]
    with contextlib.ExitStack() as stack:
        if outputs is not None:
            outputs.start(log.write)
            stack.callback(outputs.close)
        running = _Running(begin, turns, log, sum(map(len, turns)) if count is None else count)
        stack.callback(running.stop)
        running.wait(done, stopping, look)
    if log.failure is not None:
        raise log.failure
    running.raise_failures()


class _Running:
    """The workers of all sources: of each that are to be heard in turn, one at a time.

    Args:
        begin: starts the worker of a source.
        turns: each to be heard in its order; all of them are begun at once.
        log: that they write.
        count: of all sources of the run.
    """

    def __init__(self, begin: Callable[[Source], Worker], turns: Sequence[deque[Source]], log: Log, count: int) -> None:
        self._begin, self._log, self._count = begin, log, count
        self._failures: list[tuple[str, Exception]] = []
        self._workers: dict[Worker, deque[Source]] = {}
        for turn in turns:
            self._workers[begin(turn.popleft())] = turn

    def wait(
        self,
        done: "queue.SimpleQueue[Worker]",
        stopping: threading.Event,
        look: Callable[[Callable[[str], None]], None] | None,
    ) -> None:
        """Until all have ended, or must."""
        while self._workers and self._log.failure is None and not stopping.is_set():
            if look is not None:
                look(self._warn)
            try:
                worker = done.get(timeout=_LOOK_SECONDS)  # not for ever: a signal must come through
            except queue.Empty:
                continue
            turn = self._workers.pop(worker)
            self._note_failure(worker)
            if turn and not stopping.is_set():
                self._workers[self._begin(turn.popleft())] = turn

    def _warn(self, text: str) -> None:
        for worker in self._workers:
            with contextlib.suppress(OSError):  # the log has failed, which ends the run
                self._log.write(worker.source.name, source_record("warning", text))

    def stop(self) -> None:
        """End those that still run; none is begun any more."""
        for worker in self._workers:
            worker.stop()
        end = time.monotonic() + _GRACE_SECONDS
        for worker in self._workers:
            worker.join(max(0.0, end - time.monotonic()))
            if worker.failure is not None:
                self._failures.append((worker.source.name, worker.failure))

    def raise_failures(self) -> None:
        """What one source alone raised, or a mistake of ours, or how many failed."""
        for _, failure in self._failures:
            if self._count == 1 or not isinstance(failure, SedError):
                raise failure
        if self._failures:
            names = ", ".join(name for name, _ in self._failures)
            raise SourceError(f"{len(self._failures)} of {self._count} sources failed: {names}; the reasons are above")

    def _note_failure(self, worker: Worker) -> None:
        failure, name = (
            worker.failure,
            worker.source.name,
        )  # that of a file is its path, with which its own errors begin
        if failure is None:
            return
        self._failures.append((name, failure))
        if self._count > 1 and failure is not self._log.failure:
            mistake = None if isinstance(failure, SedError) else failure
            _log.error("%s: %s", name, str(failure).removeprefix(f"{name}: "), exc_info=mistake)
