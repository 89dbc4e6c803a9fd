"""The only wiring: sources through one model and a decoder each into one log."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from edge.detection import Decoder
from edge.errors import SedError, SourceError
from edge.log import Log, Sink
from edge.model import StepModel, Window
from edge.scores import ScoreTaker
from edge.session.reporter import Reporter
from edge.session.worker import Worker
from edge.sources import Source

_log = logging.getLogger(__name__)

_GRACE_SECONDS = 2.0  # to hear what has been said, once everything is to end


def listen(
    sources: Sequence[Source],
    model: StepModel,
    window: Window,
    make_decoder: Callable[[], Decoder],
    sink: Sink,
    *,
    stopping: threading.Event,
    onsets: bool = False,
    started_at: datetime | None = None,
    stats_every_seconds: float | None = None,
    queue_seconds: float = 30.0,
    scores: ScoreTaker | None = None,
) -> None:
    """Listen to sources until each has ended or `stopping` is set, and log what is heard.

    A source that cannot be opened leaves nothing in the log; one that fails later has its open events closed and its
    log ended with `error`. Either way the others go on, and the failure is raised once they have ended.

    Args:
        sources: of distinct names.
        model: takes the steps of all of them.
        window: in frames.
        make_decoder: called for each source.
        sink: gets the records of all of them.
        stopping: ends everything in good order.
        onsets: write onsets as soon as they are certain.
        started_at: when the first sample was heard, in UTC, of sources that do not know.
        stats_every_seconds: between two `stats` records; 0 for none but the last, None for hourly ones of live sources.
        queue_seconds: of a source's sound that may wait to be heard.
        scores: gets those of all of them.

    Raises:
        SedError: what a source raised, or how many did.
        OSError: what the sink raised; it ends everything.
    """
    log, done = Log(sink), queue.SimpleQueue[Worker]()
    workers = []
    for source in sources:
        reporter = Reporter(
            source, model, window, make_decoder(), log, onsets=onsets, started_at=started_at, scores=scores
        )
        workers.append(Worker(source, reporter, queue_seconds, stats_every_seconds, done.put))
    try:
        _wait(workers, log, done, stopping)
    finally:
        for worker in workers:
            worker.stop()
        end = time.monotonic() + _GRACE_SECONDS
        for worker in workers:
            worker.join(max(0.0, end - time.monotonic()))
    if log.failure is not None:
        raise log.failure
    _raise_failures(workers)


def _wait(workers: Sequence[Worker], log: Log, done: "queue.SimpleQueue[Worker]", stopping: threading.Event) -> None:
    """Until all workers have ended, or must."""
    left = len(workers)
    while left > 0 and log.failure is None and not stopping.is_set():
        try:
            worker = done.get(timeout=0.1)  # not for ever: a signal must come through
        except queue.Empty:
            continue
        left -= 1
        if len(workers) > 1 and worker.failure is not None and worker.failure is not log.failure:
            mistake = None if isinstance(worker.failure, SedError) else worker.failure
            name = worker.source.name  # that of a file is its path, with which its own errors begin
            _log.error("%s: %s", name, str(worker.failure).removeprefix(f"{name}: "), exc_info=mistake)


def _raise_failures(workers: Sequence[Worker]) -> None:
    failed = [worker for worker in workers if worker.failure is not None]
    for worker in failed:
        if len(workers) == 1 or not isinstance(worker.failure, SedError):
            assert worker.failure is not None
            raise worker.failure
    if failed:
        names = ", ".join(worker.source.name for worker in failed)
        raise SourceError(f"{len(failed)} of {len(workers)} sources failed: {names}; why is said above")
