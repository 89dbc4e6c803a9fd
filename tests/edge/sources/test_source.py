import itertools
import queue
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge.sources.audio import read_audio
from edge.sources.feed import Feed
from edge.sources.opening import open_source
from edge.sources.source import Block, FileSource, Gap, Item, Limited, Source, State
from tests.edge.sources.audio.field import chunk, fmt, pcm16, riff
from tests.edge.sources.videos import RATE, write_video

pytestmark = pytest.mark.realtime


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


@pytest.mark.parametrize(("hop_seconds", "expected"), [(1.0, 0.128), (0.05, 0.064)])
def test_no_block_of_a_file_at_its_own_pace_is_longer_than_the_hop(
    wav: Path, hop_seconds: float, expected: float
) -> None:
    """By more than what FFmpeg reads at once, here 64 ms: else sound would wait for the rest of its block."""
    source = open_source(str(wav), realtime=True, hop_seconds=hop_seconds)
    blocks = itertools.islice(source.items(threading.Event()), 3)
    assert 3 * [expected] == pytest.approx([item.seconds for item in blocks if isinstance(item, Block)])


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


def test_a_file_at_its_own_pace_that_is_read_once_a_hop_is_whole_when_it_is_stopped(wav: Path) -> None:
    """What had been captured by then was never waited for, and is in."""
    source = FileSource(str(wav), realtime=True)
    feed = Feed(source, 10.0, 0.1)
    first = feed.next(10.0)
    assert isinstance(first, Block)
    assert first.heard_at is not None
    with pytest.raises(queue.Empty):
        feed.next(0.5, least_seconds=1.9)
    captured = time.monotonic() - first.heard_at
    feed.stop()
    seconds = first.seconds
    while isinstance(item := feed.next(10.0), Block):
        seconds += item.seconds
    assert seconds > captured - 0.14  # a block that has begun


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


def test_nobody_rests_after_the_last_of_a_limited_source() -> None:
    """It is at its end, and not before it is asked once more."""
    block = Block(np.zeros((700, 2), dtype=np.float32), 1000, 5.0, rest_seconds=0.5)
    for seconds, expected in ((1.0, [0.5, 0.0]), (1.4, [0.5, 0.0])):
        kept = items_of(Limited(Said([block, block, block], False), seconds))
        assert expected == [item.rest_seconds for item in kept if isinstance(item, Block)]


def test_a_live_source_that_says_nothing_comes_to_its_limit_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some time later, and leaves no thread behind."""
    monkeypatch.setattr("edge.sources.source._LATE_SECONDS", 0.1)
    before = threading.active_count()
    assert [] == items_of(Limited(Said([], True), 0.1))
    until = time.monotonic() + 10.0
    while threading.active_count() > before:
        assert time.monotonic() < until


def clicks(*seconds: float, length: float) -> np.ndarray:
    """Faint noise with a burst of 50 ms at each of these times, at 16 kHz."""
    chance = np.random.default_rng(0)
    audio = 0.001 * chance.standard_normal(round(length * RATE))
    for begin in seconds:
        audio[round(begin * RATE) : round((begin + 0.05) * RATE)] = 0.7 * chance.standard_normal(round(0.05 * RATE))
    return audio.clip(-1, 1).astype(np.float32)


def test_what_is_to_be_known_of_a_file_is_a_state(tmp_path: Path) -> None:
    """After its first block, or at its end: so that the log begins with sound."""
    path = riff(tmp_path / "a.wav", fmt(), chunk(b"data", pcm16(clicks(0.5, length=1.0)), RATE))
    path.write_bytes(path.read_bytes()[:-1])
    items = items_of(FileSource(str(path)))
    told = [(index, item.detail.partition(",")[0]) for index, item in enumerate(items) if isinstance(item, State)]
    header = "its header says 0.5 s"
    assert [(1, header), (len(items) - 1, "is damaged or cut short; 1.000 s of it could be heard")] == told


def heard_at(source: Source) -> tuple[list[float], list[Gap]]:
    """Seconds on the source's count at which the bursts begin, and what was not heard."""
    position, bursts, gaps = 0.0, list[float](), list[Gap]()
    for item in items_of(source):
        if isinstance(item, State):
            continue
        if isinstance(item, Gap):
            gaps.append(item)
        else:
            loud = np.flatnonzero(np.abs(item.samples[:, 0]) > 0.2) / item.sample_rate + position
            bursts += [second for second in loud[:1] if not bursts or second - bursts[-1] > 0.2]
        position += item.seconds
    return bursts, gaps


@pytest.mark.parametrize(
    ("suffix", "late"), [(s, late) for s in ("mp4", "mov", "mkv", "ts") for late in (3.0, 0.4)] + [("mkv", 61.5)]
)
def test_sound_that_begins_after_the_picture_is_on_the_files_own_clock(
    tmp_path: Path, suffix: str, late: float, caplog: pytest.LogCaptureFixture
) -> None:
    """A gap stands in front of it; nothing is called damaged, and training hears it at the same place."""
    write_video(tmp_path / f"a.{suffix}", clicks(1.0, 2.5, length=4.0), late)
    bursts, gaps = heard_at(FileSource(str(tmp_path / f"a.{suffix}")))
    assert pytest.approx([late + 1.0, late + 2.5], abs=0.1) == bursts
    assert [("absent", pytest.approx(late, abs=0.1))] == [(gap.reason, gap.seconds) for gap in gaps]
    assert "" == caplog.text
    audio = read_audio(tmp_path / f"a.{suffix}", RATE)
    assert pytest.approx(late + 1.0, abs=0.1) == np.flatnonzero(np.abs(audio) > 0.2)[0] / RATE


@pytest.mark.parametrize("late", [0.0, -2.0])
def test_sound_that_begins_with_the_picture_or_before_it_begins_at_0(tmp_path: Path, late: float) -> None:
    """Its own first sample is the file's beginning."""
    write_video(tmp_path / "a.mkv", clicks(1.0, length=3.0), late)
    bursts, gaps = heard_at(FileSource(str(tmp_path / "a.mkv")))
    assert (pytest.approx([1.0], abs=0.1), []) == (bursts, gaps)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_time_stamps_that_jump_within_a_file_hold(tmp_path: Path, suffix: str) -> None:
    """What they leave out is a gap of its length, before the sound that comes after it."""
    write_video(tmp_path / f"a.{suffix}", clicks(1.0, 4.0, length=6.0), 1.0, pause=(3 * RATE, 5.0))
    bursts, gaps = heard_at(FileSource(str(tmp_path / f"a.{suffix}")))
    assert pytest.approx([2.0, 10.0], abs=0.15) == bursts
    assert [("absent", pytest.approx(1.0, abs=0.1)), ("decode", pytest.approx(5.0, abs=0.15))] == [
        (gap.reason, gap.seconds) for gap in gaps
    ]
