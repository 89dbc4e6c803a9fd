"""What a month does, in seconds."""

import gc
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge.detection.decoder import Decoder
from edge.errors import SourceError
from edge.log.records import Record
from edge.log.sinks import MemorySink
from edge.model.card import Card, ClassDecoding
from edge.model.inference import Floats, Model, Step
from edge.model.score_stream import window_of
from edge.session.runtime import listen
from edge.sources.source import Block, FileSource, Gap, Item, State

pytestmark = pytest.mark.realtime

RATE, HOUR, DAY = 1000, 3600, 24 * 3600
DRIFT = 30e-6  # by which the source's clock is slow


class Level:
    """A model whose score of a frame, a second, is its loudest sample."""

    embedding_size = 1
    card = Card(
        model_id="level",
        parent_sha256="",
        labels=("loud",),
        sample_rate=RATE,
        context_samples=0,
        frame_samples=RATE,
        window_frames=120,
        hop_frames=60,
        lookahead_frames=1,
        grid_frames=1,
        decoding={"loud": ClassDecoding(on=0.5, off=0.5, median_frames=1, shortest_frames=1, merge_frames=0)},
        frontend={},
        precision="fp32",
        parity={},
        training={},
        validation={},
        licence="",
    )

    def step(self, audio: Floats, embeddings: Floats) -> Step:
        levels = np.concatenate([embeddings, np.abs(audio.reshape(1, -1, RATE)).max(axis=2, keepdims=True)], axis=1)
        return Step(levels, levels.max(axis=1), levels)


class Month:
    """Half hours of silence, each ending with a loud second; not all at one rate, and with gaps between them.

    Attributes:
        loud: when each loud second began, since the source did.
        gaps: when each gap began and ended.
        used: before each day, how many blocks of memory Python has in use, and how many bytes the process has.
    """

    name, live = "month", False

    def __init__(self, days: int) -> None:
        self._days = days
        self.began = time.monotonic() - days * DAY
        self.loud: deque[float] = deque()
        self.gaps: deque[tuple[float, float]] = deque()
        self.gap_seconds = 0.0
        self.used: list[tuple[int, int]] = []
        self._position = Fraction(0)

    def items(self, stopping: threading.Event) -> Iterator[Item]:  # noqa: ARG002  # it does not block
        for half in range(48 * self._days):
            if half % 48 == 0:
                gc.collect()
                resident = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
                self.used.append((sys.getallocatedblocks(), resident))
                yield State("lost", "unplugged")
                yield self._gap(Fraction(1, 3) + HOUR, "device")
                yield State("connected", "plugged in")
            yield self._gap(Fraction(1, 7), "overrun")
            yield self._half_hour(1100 if half % 48 == 24 else RATE)

    def _gap(self, seconds: Fraction, reason: str) -> Gap:
        gap, before = Gap(float(seconds), reason), self._position
        self._position += Fraction(gap.seconds)
        self.gaps.append((float(before), float(self._position)))
        self.gap_seconds += gap.seconds
        return gap

    def _half_hour(self, rate: int) -> Block:
        samples = np.zeros((HOUR // 2 * rate, 1), dtype=np.float32)
        samples[-rate:] = 0.9
        heard_at = self.began + float(self._position) * (1 + DRIFT)
        self._position += HOUR // 2
        self.loud.append(float(self._position) - 1)
        return Block(samples, rate, heard_at)


class Ears:
    """Compares what was heard with what there was, and keeps nothing but the figures at the end."""

    def __init__(self, month: Month) -> None:
        self._month, self._now = month, time.time() - time.monotonic()
        self.stats: Record = {}

    def write(self, record: Record) -> None:
        if record["type"] == "event":
            assert int(self._month.loud.popleft()) == record["onset"]  # the frame that it begins in
            heard_at = self._now + self._month.began + record["onset"] * (1 + DRIFT)
            assert heard_at == pytest.approx(datetime.fromisoformat(record["onset_utc"]).timestamp(), abs=0.1)
        elif record["type"] == "gap":
            assert self._month.gaps.popleft() == pytest.approx((record["onset"], record["offset"]), abs=0.0011)
        elif record["type"] == "stats":
            self.stats = record


@pytest.mark.parametrize("days", [7, pytest.param(35, marks=pytest.mark.slow)])
def test_clocks_stay_exact_and_nothing_grows(days: int) -> None:
    """Through thousands of gaps and rates that change: each second is where it was, in seconds and by the day."""
    month, model = Month(days), Level()
    ears = Ears(month)
    listen(
        [month],
        model,
        window_of(model.card),
        lambda: Decoder(model.card.labels, model.card.decoding),
        ears,
        stopping=threading.Event(),
        stats_every_seconds=0.2,  # each lets go of the lags that it tells of
        queue_seconds=2 * HOUR,
    )
    assert (0, 0) == (len(month.loud), len(month.gaps))
    assert {"loud": 48 * days} == ears.stats["events"]
    assert days * DAY == ears.stats["audio_seconds"]
    assert month.gap_seconds == pytest.approx(ears.stats["gap_seconds"], abs=0.001)
    assert -1e6 * DRIFT == pytest.approx(ears.stats["drift_ppm"], abs=0.5)
    # By a third of the time caches are full; after it, 23 days would leave 2,000 blocks if each item left one.
    (first_blocks, first_bytes), (last_blocks, last_bytes) = month.used[days // 3], month.used[-1]
    assert last_blocks - first_blocks < 1000, month.used
    assert last_bytes - first_bytes < 30e6, month.used


def test_sources_that_ended_leave_nothing_behind(model: Model, tmp_path: Path) -> None:
    """Fifty of them: as many threads and descriptors as before."""
    soundfile.write(tmp_path / "a.wav", 0.1 * np.random.default_rng(0).standard_normal(4000), 16_000)
    (tmp_path / "b.wav").write_text("no sound")

    def left() -> tuple[int, int]:
        return threading.active_count(), len(os.listdir("/proc/self/fd"))

    before = left()
    for _ in range(10):
        sources = [FileSource(str(tmp_path / f"{name}.wav"), name=name) for name in "ab"]
        sources += [FileSource(str(tmp_path / "a.wav"), name=f"live {number}", realtime=True) for number in range(3)]
        with pytest.raises(SourceError, match="1 of 5 sources failed: b"):
            listen(
                sources,
                model,
                window_of(model.card),
                lambda: Decoder(model.card.labels, model.card.decoding),
                MemorySink(),
                stopping=threading.Event(),
            )
    patience = time.monotonic() + 10  # a thread that is told to end takes its time on a busy machine
    while before != left() and time.monotonic() < patience:
        time.sleep(0.05)
    assert before == left()
