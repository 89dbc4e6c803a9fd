"""Connects several sources, one model, a decoder for each source, and one log; nothing else knows all of them."""

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
from edge.scores import ScoreReceiver
from edge.session.reporter import Reporter
from edge.session.worker import Worker
from edge.sources import Source

_log = logging.getLogger(__name__)

_LONGEST_BLOCK_SECONDS = 0.1  # that a live source collects before it hands it on
_GRACE_SECONDS = 2.0  # to process what was already received, once everything is to end


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
    scores: ScoreReceiver | None = None,
) -> None:
    """Listen to sources until each has ended or `stopping` is set, and log the detected events.

    A source that cannot be opened leaves nothing in the log; one that fails later has its open events closed and its
    log ended with `error`. Either way the others go on, and the failure is raised once they have ended.

    Args:
        sources: with distinct names.
        model: runs the steps of all sources.
        window: lengths of the sliding window.
        make_decoder: called for each source.
        sink: receives the records of all sources.
        stopping: when set, all sources are stopped, open events closed and the logs ended.
        onsets: whether to write onsets as soon as they are certain.
        started_at: when the first sample was heard, in UTC, for sources without a clock.
        stats_every_seconds: time between two `stats` records; 0 for only the last one, None for hourly ones of live
            sources.
        queue_seconds: most sound of a source that may wait for the model.
        scores: receives the frame scores of all sources.

    Raises:
        SedError: the error of a source, or how many sources failed.
        OSError: the error of the sink, which ends all sources.
    """
    block_seconds = min(_LONGEST_BLOCK_SECONDS, window.hop_frames * model.card.frame_seconds)
    log, done = Log(sink), queue.SimpleQueue[Worker]()
    workers = []
    for source in sources:
        reporter = Reporter(
            source, model, window, make_decoder(), log, onsets=onsets, started_at=started_at, scores=scores
        )
        workers.append(Worker(source, reporter, queue_seconds, block_seconds, stats_every_seconds, done.put))
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
    """Wait until all workers have ended, or must end."""
    left = len(workers)
    while left > 0 and log.failure is None and not stopping.is_set():
        try:
            worker = done.get(timeout=0.1)  # with a timeout, so that signals are handled
        except queue.Empty:
            continue
        left -= 1
        if len(workers) > 1 and worker.failure is not None and worker.failure is not log.failure:
            traceback = None if isinstance(worker.failure, SedError) else worker.failure
            name = worker.source.name  # for a file its path, with which its error messages begin too
            _log.error("%s: %s", name, str(worker.failure).removeprefix(f"{name}: "), exc_info=traceback)


def _raise_failures(workers: Sequence[Worker]) -> None:
    failed = [worker for worker in workers if worker.failure is not None]
    for worker in failed:
        if len(workers) == 1 or not isinstance(worker.failure, SedError):
            assert worker.failure is not None
            raise worker.failure
    if failed:
        names = ", ".join(worker.source.name for worker in failed)
        raise SourceError(f"{len(failed)} of {len(workers)} sources failed: {names}; the reasons are above")
