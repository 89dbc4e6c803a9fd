"""Hears a source in a thread, and finds out where in a live sound what it heard belongs."""

import itertools
import threading
import time
from typing import NamedTuple, Self

import numpy as np
import soxr
from numpy.typing import NDArray

from edge.sources.source import Block, Gap, Item, Source, State
from edge.sources.url.source import UrlSource
from edge.sources.url.urls import redacted
from tests.edge.live.broadcast import Broadcast
from tests.edge.live.servers import wait_until

RATE = 8000  # at which sounds are compared


def coded_sound(seconds: float = 120.0, rate: int = 48_000) -> NDArray[np.float32]:
    """Dull noise that comes and goes at random: no second of it is like another, and codecs keep it."""
    random = np.random.default_rng(5)
    noise = soxr.resample(random.standard_normal(int(seconds * 2000)), 2000, rate)
    gates = np.repeat(random.integers(0, 2, int(seconds * 10)), rate // 10)
    return (0.2 * noise[: len(gates)] * gates).astype(np.float32)


class Span(NamedTuple):
    """A second of what was heard: when it was heard by the source, and by the sound itself (`time.monotonic`)."""

    claimed: float
    true: float


class Hearing:
    """Reads a source in a thread, as the runtime does."""

    def __init__(self, source: Source) -> None:
        self.items: list[Item] = []
        self.failure: Exception | None = None
        self._source = source
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._read)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop it and wait for its end."""
        self._stopping.set()
        self._thread.join(timeout=20)
        assert not self._thread.is_alive()

    def _read(self) -> None:
        try:
            for item in self._source.items(self._stopping):
                self.items.append(item)
        except Exception as exc:  # noqa: BLE001  # the test looks at it
            self.failure = exc

    def wait_for_sound(self, seconds: float, since: int = 0) -> None:
        """Wait until so much was heard since an item."""
        wait_until(lambda: self.failure or sum(lengths(self.items[since:])) >= seconds, f"{seconds} s of sound", 40)
        assert self.failure is None, self.failure

    def wait_for_state(self, state: str, since: int = 0) -> float:
        """Wait for the source to say so since an item; return when it did."""
        wait_until(
            lambda: any(isinstance(item, State) and item.state == state for item in self.items[since:]), state, 40
        )
        return time.monotonic()

    def seconds_since_gap(self) -> float:
        """How much was heard since the last gap."""
        return sum(lengths(list(itertools.takewhile(lambda item: not isinstance(item, Gap), reversed(self.items)))))

    def gaps(self) -> list[Gap]:
        """What was not heard."""
        return [item for item in self.items if isinstance(item, Gap)]

    def states(self, since: int = 0) -> list[str]:
        """What became of the source, since an item."""
        return [item.state for item in self.items[since:] if isinstance(item, State)]


def lengths(items: list[Item]) -> list[float]:
    """Of the blocks, in seconds."""
    return [len(item.samples) / item.sample_rate for item in items if isinstance(item, Block)]


def spans(items: list[Item], broadcast: Broadcast) -> list[Span]:
    """Every whole second of sound between gaps, found in the broadcast within 8 s of when it is said to be heard."""
    truth = soxr.resample(broadcast.audio, broadcast.rate, RATE)
    found: list[Span] = []
    run: list[Block] = []
    for item in [*items, Gap(0.0, "end")]:
        if isinstance(item, Block) and not (run and run[0].sample_rate != item.sample_rate):
            run.append(item)
        elif not isinstance(item, State):
            found += _spans_of_run(run, truth, broadcast.began)
            run = [item] if isinstance(item, Block) else []
    return found


def _spans_of_run(run: list[Block], truth: NDArray[np.float32], began: float) -> list[Span]:
    if not run or run[-1].heard_at is None:
        return []
    heard = soxr.resample(np.concatenate([block.samples.mean(axis=1) for block in run]), run[0].sample_rate, RATE)
    # By the newest block, as the runtime does: the anchor gets better as time goes by.
    begin = run[-1].heard_at + len(run[-1].samples) / run[-1].sample_rate - len(heard) / RATE
    found = []
    for start in range(0, len(heard) - RATE + 1, RATE):
        piece = heard[start : start + RATE]
        claimed = begin + start / RATE
        near = round((claimed - began) * RATE) - 8 * RATE
        window = truth[np.arange(near, near + 17 * RATE) % len(truth)]
        power = np.convolve(window**2, np.ones(RATE), mode="valid")
        size = 1 << 18
        product = np.fft.irfft(np.fft.rfft(window, size) * np.conj(np.fft.rfft(piece, size)), size)[: len(power)]
        likeness = product / np.sqrt(power * (piece**2).sum() + 1e-6)
        best = int(likeness.argmax())
        if likeness[best] < 0.5:
            assert (piece**2).mean() > 1e-6, "silence; let it go on"
            continue
        found.append(Span(claimed, began + (near + best) / RATE))
    return found


def items(url: str, *, once: bool = True, **options: str) -> list[Item]:
    """What the source of a URL says until it ends."""
    source = UrlSource(url, name=redacted(url), options=options, once=once)
    return list(source.items(threading.Event()))
