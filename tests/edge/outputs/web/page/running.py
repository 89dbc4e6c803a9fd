"""A run with a page, which plays the demo recording five times as fast as it was, again and again."""

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.detection.decoder import Decoder
from edge.log.sinks import MemorySink
from edge.model.inference import Model
from edge.model.score_stream import window_of
from edge.outputs.clips.saving import ClipsOutput
from edge.outputs.clips.settings import ClipSettings
from edge.outputs.output import OutputContext
from edge.outputs.threads import Outputs
from edge.outputs.web.access import Access
from edge.outputs.web.page.output import PageOutput
from edge.session.runtime import listen
from edge.sources.source import Block, Gap, Item, State

BLOCK, RATE, SPEED = 1600, 16_000, 5.0


class Player:
    """A live source; a second of each round is lost."""

    live, name = True, "porch"

    def __init__(self, audio: NDArray[np.float32]) -> None:
        self._audio = audio

    def items(self, stopping: threading.Event) -> Iterator[Item]:
        yield State("connected", "a player")
        at = 0
        while not stopping.wait(BLOCK / RATE / SPEED):
            block = self._audio[at : at + BLOCK, None]
            yield Block(block, RATE, time.monotonic() - len(block) / RATE)
            at = (at + BLOCK) % len(self._audio)
            if at == 22 * RATE:
                yield Gap(1.0, "device")
                at += RATE


@contextlib.contextmanager
def running(model: Model, audio: NDArray[np.float32], clips: Path) -> Iterator[tuple[int, MemorySink]]:
    """The port of the page, and the log."""
    card, stopping, sink = model.card, threading.Event(), MemorySink()
    context = OutputContext(card=card, decoding=card.decoding, labels=card.labels, sources=["porch"])
    page = PageOutput(Access(host="127.0.0.1", port=0), clips, context)
    outputs = Outputs([page, ClipsOutput(clips, ClipSettings(least_free=0), context)])

    def run() -> None:
        window = window_of(card)
        decoders = lambda: Decoder(card.labels, card.decoding)  # noqa: E731  # a name for the line's sake
        listen([Player(audio)], model, window, decoders, sink, stopping=stopping, outputs=outputs)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield page.port, sink
    finally:
        stopping.set()
        thread.join()
