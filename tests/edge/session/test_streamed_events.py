"""The clear sounds of the demo recording, by real servers through the whole runtime."""

import contextlib
import json
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from edge.detection.decoder import Decoder
from edge.log.records import Record
from edge.log.sinks import MemorySink
from edge.model.inference import Model
from edge.model.score_stream import window_of
from edge.session.runtime import listen
from edge.sources.source import FileSource, Source
from edge.sources.url.source import UrlSource
from tests.conftest import DEMO, command
from tests.edge.live.broadcast import Broadcast
from tests.edge.live.servers import wait_until
from tests.edge.sources.url.test_source import KINDS, station

pytestmark = pytest.mark.realtime

CLEAR = ["rooster", "chainsaw"]  # the shipped model is doubtful of the others, and takes a cut in the loop for a bark
LOOP_SECONDS = 20
ONSET_SECONDS = 0.3
FRESH_SECONDS, LATE_SECONDS = 3.0, 1.0
SURE = 0.9  # of less, the same model makes other things through another codec
PlayedEvent = tuple[str, float]  # a label, and its onset in the loop that is broadcast


class Log:
    """Hears a source through the whole runtime, in a thread."""

    def __init__(self, source: Source, model: Model) -> None:
        self._kept, self._stopping = MemorySink(), threading.Event()
        self._thread = threading.Thread(target=self._listen, args=(source, model))
        self._thread.start()

    def _listen(self, source: Source, model: Model) -> None:
        labels = [label for label in model.card.labels if label in CLEAR]
        listen(
            [source],
            model,
            window_of(model.card),
            lambda: Decoder(model.card.labels, model.card.decoding, labels),
            self._kept,
            stopping=self._stopping,
        )

    def __enter__(self) -> "Log":
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def of(self, kind: str) -> list[Record]:
        """The records of a kind, until now."""
        return [record for record in self._kept.records if record["type"] == kind]

    def wait_for_events(self, count: int, label: str) -> None:
        """Wait until so many events of a label are in the log."""
        wait_until(lambda: sum(event["label"] == label for event in self.of("event")) >= count, f"{count} {label}s", 90)

    def wait_for_end(self) -> None:
        """Wait until the source has ended."""
        self._thread.join()


@pytest.fixture(scope="module")
def sounds() -> Iterator[Broadcast]:
    """Twenty seconds of the demo recording, over and over: two dogs, a rooster, a chainsaw."""
    audio, rate = soundfile.read(DEMO, dtype="float32")
    fade = np.clip(np.minimum(np.arange(10 * rate), np.arange(10 * rate)[::-1]) / rate / 0.5, 0.0, 1.0)
    parts = [audio[begin * rate : (begin + 10) * rate] * fade for begin in (0, 25)]  # faded: a cut sounds like a bark
    with Broadcast(soxr.resample(np.concatenate(parts), rate, 48_000), 48_000) as broadcast:
        yield broadcast


@pytest.fixture(scope="module")
def expected(sounds: Broadcast, model: Model, tmp_path_factory: pytest.TempPathFactory) -> list[PlayedEvent]:
    """What the log of a file has, of the second time that the loop is played."""
    path = tmp_path_factory.mktemp("loop") / "loop.wav"
    soundfile.write(path, np.tile(sounds.audio, 3), 48_000)
    with Log(FileSource(str(path)), model) as log:
        log.wait_for_end()
    heard = [
        (event["label"], event["onset"] - LOOP_SECONDS) for event in log.of("event") if event["confidence"] >= SURE
    ]
    return [(label, onset) for label, onset in heard if 0 <= onset < LOOP_SECONDS]


def sent(text: str, broadcast: Broadcast) -> float:
    """A time of day by the broadcast's own clock, in seconds since it began."""
    began = datetime.fromtimestamp(time.time() - time.monotonic() + broadcast.began, UTC)
    return (datetime.fromisoformat(text) - began).total_seconds()


def onsets(log: Log, broadcast: Broadcast) -> list[PlayedEvent]:
    """The events of a log by the broadcast's own clock."""
    return [
        (event["label"], sent(event["onset_utc"], broadcast))
        for event in log.of("event")
        if event["confidence"] >= SURE
    ]


def check(heard: list[PlayedEvent], expected: list[PlayedEvent], exact: float, fresh: Sequence[float] = ()) -> None:
    """Each event is one of the file's, at its time, and none comes twice.

    Soon after the times in `fresh` a model that has heard nothing before may be late.
    """
    places = []
    for label, onset in heard:
        late = exact + LATE_SECONDS * any(0 <= onset - begin < FRESH_SECONDS for begin in fresh)
        near = [
            (loop, number)
            for loop in range(int(onset // LOOP_SECONDS) - 1, int(onset // LOOP_SECONDS) + 2)
            for number, (other, begin) in enumerate(expected)
            if other == label and -ONSET_SECONDS <= onset - begin - loop * LOOP_SECONDS <= late
        ]
        assert len(near) == 1, (label, onset, expected, heard)
        places += near
    assert len(set(places)) == len(places), heard


def missed(heard: list[PlayedEvent], expected: list[PlayedEvent], begin: float, end: float) -> list[PlayedEvent]:
    """The file's events between two times that are not among those heard."""
    loops = range(int(begin // LOOP_SECONDS), int(end // LOOP_SECONDS) + 1)
    wanted = [(label, loop * LOOP_SECONDS + onset) for loop in loops for label, onset in expected]
    return [
        (label, onset)
        for label, onset in wanted
        if begin <= onset <= end and not any(label == other and abs(onset - at) < 2.0 for other, at in heard)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_events_have_their_time(
    kind: str, sounds: Broadcast, expected: list[PlayedEvent], model: Model, tmp_path: Path
) -> None:
    """Those of the file's own log, by the server's clock."""
    with station(kind, sounds, tmp_path) as on_air:
        with Log(UrlSource(on_air.url, name="a", options=on_air.options), model) as log:
            wait_until(lambda: log.of("source"), "a connection")
            log.wait_for_events(2, "chainsaw")
        heard = onsets(log, sounds)
    check(heard[1:], expected, on_air.exact)  # of the first only the rest may have been heard
    assert [] == missed(heard, expected, heard[1][1], heard[-1][1])
    assert [] == log.of("gap")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mp3", "rtsp-tcp", "hls"])
def test_a_break_invents_no_event_and_reports_none_twice(
    kind: str, sounds: Broadcast, expected: list[PlayedEvent], model: Model, tmp_path: Path
) -> None:
    """Killed in the middle of a chainsaw and back six seconds later, before the next rooster."""
    with station(kind, sounds, tmp_path) as on_air:
        with Log(UrlSource(on_air.url, name="a", options=on_air.options), model) as log:
            log.wait_for_events(1, "rooster")
            wait_until(lambda: 13.5 < (time.monotonic() - sounds.began) % LOOP_SECONDS < 14.0, "a chainsaw", 30)
            on_air.server.kill()
            on_air.player.kill()
            time.sleep(6.0)
            on_air.server.start()
            if on_air.player is not on_air.server:
                on_air.player.start()
            log.wait_for_events(2, "chainsaw")
        heard = onsets(log, sounds)
        gaps = log.of("gap")
    assert {"reconnect"} == {gap["reason"] for gap in gaps}
    assert "lost" in [record["state"] for record in log.of("source")]
    check(heard[1:], expected, on_air.exact, [sent(gap["offset_utc"], sounds) for gap in gaps])


def test_the_command_hears_a_stream(sounds: Broadcast, tmp_path: Path) -> None:
    """As a user types it."""
    with station("rtsp-tcp", sounds, tmp_path) as on_air, contextlib.ExitStack() as stack:
        process = stack.enter_context(
            subprocess.Popen([command("sed-stream"), "--name", f"yard={on_air.url}"], stdout=subprocess.PIPE)
        )
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(json.loads(line))
            if lines[-1]["type"] == "event" and "event" not in [record["type"] for record in lines[:-1]]:
                process.terminate()
    assert {"yard"} == {record["source"] for record in lines}
    assert "connected" in [record["state"] for record in lines if record["type"] == "source"]
    assert {"type": "stop", "reason": "interrupted"}.items() <= lines[-1].items()
    assert 130 == process.returncode
