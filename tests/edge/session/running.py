import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.detection.decoder import Decoder
from edge.log.records import Record
from edge.log.sinks import MemorySink
from edge.model.inference import Floats, Model, Step
from edge.model.score_stream import StepModel, window_of
from edge.session.runtime import listen
from edge.sources.source import Block, Item, Source


class Played:
    """A source that plays an array in pieces, and may fail or be stopped at its end."""

    live = False

    def __init__(
        self,
        audio: NDArray[np.float32],
        piece: int = 16_000,
        end: Exception | threading.Event | None = None,
        name: str = "played",
    ):
        self._audio, self._piece, self._end, self.name = audio, piece, end, name

    def items(self, stopping: threading.Event) -> Iterator[Item]:  # noqa: ARG002  # it may block
        for start in range(0, len(self._audio), self._piece):
            yield Block(self._audio[start : start + self._piece, None], 16_000)
        if isinstance(self._end, Exception):
            raise self._end
        if self._end is not None:
            self._end.set()
            threading.Event().wait()  # as a stream that never ends


class Said:
    """A live source that says these items one after another, and nothing more until it is stopped."""

    live = True

    def __init__(self, items: Iterable[Item], name: str = "said") -> None:
        self._items, self.name = items, name

    def items(self, stopping: threading.Event) -> Iterator[Item]:
        yield from self._items
        stopping.wait()


class Slow:
    """A model each of whose steps takes some time more."""

    def __init__(self, model: Model, seconds: float) -> None:
        self.card, self.embedding_size = model.card, model.embedding_size
        self._model, self.seconds = model, seconds

    def step(self, audio: Floats, embeddings: Floats) -> Step:
        time.sleep(self.seconds)
        return self._model.step(audio, embeddings)


def heard(
    model: StepModel,
    *sources: Source,
    kept: MemorySink | None = None,
    stopping: threading.Event | None = None,
    hop: float | None = None,
    **wishes: Any,
) -> list[Record]:
    """The log of some sources."""
    kept = MemorySink() if kept is None else kept
    listen(
        sources,
        model,
        window_of(model.card, hop_seconds=hop),
        lambda: Decoder(model.card.labels, model.card.decoding),
        kept,
        stopping=threading.Event() if stopping is None else stopping,
        **wishes,
    )
    return kept.records


def of_type(log: list[Record], *types: str) -> list[Record]:
    """The records of some types."""
    return [record for record in log if record["type"] in types]


class StoppingSink(MemorySink):
    """Ends everything after the record that a test waits for."""

    def __init__(self, is_last: Callable[[Record], bool]) -> None:
        super().__init__()
        self._is_last, self.stopping = is_last, threading.Event()

    def write(self, record: Record) -> None:
        super().write(record)
        if self._is_last(record):
            self.stopping.set()


def live_block(audio: NDArray[np.float32], begin: float, end: float, heard_at: float) -> Block:
    """The demo recording between two seconds, as if it had been heard then."""
    return Block(audio[round(16_000 * begin) : round(16_000 * end), None], 16_000, heard_at)
