import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge.sources.source import Block, FileSource, Gap, Item, Limited, Source, State


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    """Two seconds of noise at 16 kHz."""
    audio = 0.1 * np.random.default_rng(0).standard_normal(32_000)
    soundfile.write(tmp_path / "a.wav", audio, 16_000, subtype="FLOAT")
    return tmp_path / "a.wav"


def items_of(source: Source) -> list[Item]:
    """All that it says."""
    return [*source.items(threading.Event())]


def test_a_file_at_its_own_pace_is_a_live_source(wav: Path) -> None:
    """No block comes before it could have been heard, and each says when it was."""
    source = FileSource(str(wav), realtime=True)
    began, samples, late = time.monotonic(), 0, []
    for item in source.items(threading.Event()):
        assert isinstance(item, Block)
        assert item.heard_at is not None
        late.append(time.monotonic() - item.heard_at - item.seconds)
        assert began <= item.heard_at - samples / 16_000 < began + 1.0
        samples += len(item.samples)
    assert 32_000 == samples
    assert 0.0 <= min(late) < 0.1


def test_a_file_at_its_own_pace_can_be_stopped(wav: Path) -> None:
    """In the middle of a wait."""
    stopping = threading.Event()
    threading.Timer(0.3, stopping.set).start()
    began = time.monotonic()
    seconds = sum(
        item.seconds for item in FileSource(str(wav), realtime=True).items(stopping) if isinstance(item, Block)
    )
    assert seconds <= 0.4
    assert time.monotonic() - began < 1.5


class Said:
    """A source that says these items, and then nothing until it is stopped."""

    name = "said"

    def __init__(self, items: list[Item], live: bool) -> None:
        self.live, self._items = live, items

    def items(self, stopping: threading.Event) -> Iterator[Item]:
        yield from self._items
        if self.live:
            assert stopping.wait(20.0)


def test_a_limit_is_kept_to_the_sample() -> None:
    """Of what was heard and what was not, states aside."""
    block = Block(np.zeros((700, 2), dtype=np.float32), 1000, 5.0)
    said: list[Item] = [State("connected", ""), block, Gap(0.7, "device"), block]
    for seconds, expected in ((0.5, [0.5]), (1.0, [0.7, 0.3]), (1.5, [0.7, 0.7, 0.1]), (9.0, [0.7, 0.7, 0.7])):
        kept = [item for item in items_of(Limited(Said(said, False), seconds)) if not isinstance(item, State)]
        assert expected == pytest.approx([item.seconds for item in kept])


def test_a_live_source_that_says_nothing_comes_to_its_limit_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some time later, and leaves no thread behind."""
    monkeypatch.setattr("edge.sources.source._LATE_SECONDS", 0.1)
    before = threading.active_count()
    assert [] == items_of(Limited(Said([], True), 0.1))
    until = time.monotonic() + 10.0
    while threading.active_count() > before:
        assert time.monotonic() < until
