"""The only wiring: a source through model and decoder into a sink."""

import logging
import queue
import threading
import time
from collections import Counter
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from edge.audio import Resampler
from edge.decoder import Decoder
from edge.errors import SedError
from edge.events import Event
from edge.records import Clock, event_record, gap_record, start_record, stats_record, stop_record
from edge.sinks import Sink
from edge.sources import Block, Source
from edge.stream import ScoreStream, StepModel, Window

_log = logging.getLogger(__name__)


class Listener:
    """Turns the blocks of one source into events.

    Args:
        model: takes the steps.
        window: in frames.
        decoder: made for the model's labels.
    """

    def __init__(self, model: StepModel, window: Window, decoder: Decoder) -> None:
        self._rate = model.card.sample_rate
        self._stream = ScoreStream(model, window)
        self._decoder = decoder
        self._resampler: Resampler | None = None
        self.heard_samples = 0  # since the source began, at the model's rate

    def push(self, block: Block) -> list[Event]:
        """Hear one block; return the events that it settles."""
        if self._resampler is None:
            self._resampler = Resampler(block.sample_rate, self._rate)
        return self._decode(self._resampler.push(block.samples))

    def flush(self) -> list[Event]:
        """End the source; return the rest of its events."""
        events = [] if self._resampler is None else self._decode(self._resampler.flush())
        for scores in self._stream.flush():
            events += self._decoder.push(scores)
        return events + self._decoder.flush()

    def _decode(self, samples: NDArray[np.float32]) -> list[Event]:
        self.heard_samples += len(samples)
        return [event for scores in self._stream.push(samples) for event in self._decoder.push(scores)]


class _Feed:
    """Reads a source in a thread, so that a source that blocks cannot keep the runtime from stopping."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._items: queue.Queue[Block | Exception | None] = queue.Queue(maxsize=64)
        threading.Thread(target=self._read, name=f"source {source.name}", daemon=True).start()

    def _read(self) -> None:
        try:
            for block in self._source.blocks():
                self._items.put(block)
        except Exception as exc:  # noqa: BLE001  # a dead thread must not leave the runtime waiting
            self._items.put(exc)
        else:
            self._items.put(None)

    def next(self, stopping: threading.Event) -> Block | None:
        """The next block, or None where the source ends or `stopping` is set.

        Raises:
            SedError: what the source raised.
        """
        while not stopping.is_set():
            try:
                item = self._items.get(timeout=0.1)
            except queue.Empty:
                continue
            if isinstance(item, Exception):
                raise item
            return item
        return None


def listen(
    source: Source,
    model: StepModel,
    window: Window,
    decoder: Decoder,
    sink: Sink,
    *,
    started_at: datetime | None = None,
    stopping: threading.Event,
) -> None:
    """Listen to a source until it ends or `stopping` is set, and log what is heard.

    A source that cannot be opened raises before anything is logged; one that fails later has its open events closed
    and the log ended with `error` first.

    Raises:
        SedError: what the source raised.
    """
    clock = Clock(sample_rate=model.card.sample_rate, started_at=started_at)
    listener = Listener(model, window, decoder)
    counts: Counter[str] = Counter()
    source_seconds = gap_seconds = busy_seconds = 0.0

    def log(events: list[Event]) -> None:
        for event in events:
            counts[event.label] += 1
            sink.write(event_record(counts.total(), event, model.card, clock, listener.heard_samples))

    feed = _Feed(source)
    block = feed.next(stopping)
    _log.info(
        "hears %s in %s, a window of %g s every %g s",
        ", ".join(decoder.labels),
        "stdin" if source.name == "-" else source.name,
        window.window_frames * model.card.frame_seconds,
        window.hop_frames * model.card.frame_seconds,
    )
    sink.write(start_record(source.name, model.card, decoder.labels, clock))
    failure: SedError | None = None
    while block is not None:
        began = time.perf_counter()
        log(listener.push(block))
        busy_seconds += time.perf_counter() - began
        length = len(block.samples) / block.sample_rate
        if block.lost:
            sink.write(gap_record(source_seconds, source_seconds + length, "decode"))
            gap_seconds += length
        source_seconds += length
        try:
            block = feed.next(stopping)
        except SedError as exc:
            failure, block = exc, None
    log(listener.flush())
    sink.write(stats_record(source_seconds, gap_seconds, busy_seconds, dict(counts)))
    if failure is not None:
        sink.write(stop_record("error"))
        raise failure
    sink.write(stop_record("interrupted" if stopping.is_set() else "end"))
