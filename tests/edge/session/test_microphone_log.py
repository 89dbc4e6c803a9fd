import json
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest
import soundfile

from tests.conftest import DEMO, command
from tests.edge.live.pulse import Pulse, kill, pulse_of_the_test, replug, suspend, wait_until  # noqa: F401  # the fixture

pytestmark = pytest.mark.realtime

Record = dict[str, Any]
# Of the demo recording, in seconds: a dog and a rooster, a clock, a chainsaw.
_CLIPS = ((4.4, 9.5), (19.6, 23.5), (26.5, 30.5))


class Stream:
    """`sed-stream` on a microphone, and the log that it has written so far."""

    def __init__(self, pulse: Pulse, folder: Path, *arguments: str) -> None:
        self._log = folder / "log.jsonl"
        with self._log.open("w") as log:
            self._process = subprocess.Popen([command("sed-stream"), *arguments], stdout=log, env=pulse.environment)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def records(self, *kinds: str) -> list[Record]:
        """Every whole record of these types."""
        lines = [line for line in self._log.read_text().splitlines(keepends=True) if line.endswith("\n")]
        return [record for record in map(json.loads, lines) if record["type"] in kinds]

    def wait_for(self, kind: str, count: int) -> None:
        """Wait until there are so many records of a type."""
        wait_until(lambda: len(self.records(kind)) >= count)

    def wait_for_event(self, source: str, played: float) -> None:
        """Wait for one that a source heard of what was played at that time of day, in seconds."""
        wait_until(
            lambda: any(
                record["source"] == source and played <= utc(record["onset_utc"]) <= played + 2.5
                for record in self.records("event")
            )
        )

    def end(self) -> None:
        """Stop it as systemd does."""
        self._process.terminate()
        assert 130 == self._process.wait(timeout=30)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clips of the demo recording, a second of silence around each."""
    audio, rate = soundfile.read(DEMO, dtype="float32")
    silence = np.zeros(rate, dtype=np.float32)
    pieces = [silence]
    for begin, end in _CLIPS:
        pieces += [audio[int(begin * rate) : int(end * rate)], silence]
    path = tmp_path_factory.mktemp("clips") / "clips.wav"
    soundfile.write(path, np.concatenate(pieces), rate)
    return path


def utc(text: str) -> float:
    """A time of day of the log, in seconds."""
    return datetime.fromisoformat(text).astimezone(UTC).timestamp()


def longest(events: Iterable[Record]) -> dict[str, Record]:
    """By label, the event that lasts longest."""
    return {event["label"]: event for event in sorted(events, key=lambda event: event["offset"] - event["onset"])}


@pytest.mark.slow
def test_a_microphone_hears_what_the_file_holds(pulse: Pulse, tmp_path: Path, clips: Path) -> None:
    """The longest event of each label has its onset within 150 ms of the file's, at the time of day it was played.

    Short ones may pass the threshold or miss it, by where the windows lie on them.
    """
    printed = subprocess.run([command("sed-stream"), clips], capture_output=True, check=True, text=True).stdout
    expected = longest(record for record in map(json.loads, printed.splitlines()) if record["type"] == "event")
    assert {"dog", "rooster", "chainsaw"} <= expected.keys()
    with Stream(pulse, tmp_path, "mic") as stream:
        stream.wait_for("source", 1)
        began = datetime.now(UTC).timestamp()
        pulse.play(clips)
        wait_until(lambda: expected.keys() <= longest(stream.records("event")).keys())
        stream.end()
    events = longest(stream.records("event"))
    assert expected.keys() == events.keys()
    starts = [utc(events[label]["onset_utc"]) - own["onset"] for label, own in expected.items()]
    played = float(np.median(starts))
    assert [pytest.approx(played, abs=0.15)] * len(starts) == starts
    assert began - 0.15 <= played <= began + 0.5
    assert [] == stream.records("gap")


@pytest.mark.slow
def test_a_log_tells_when_the_microphones_were_away(pulse: Pulse, tmp_path: Path, clips: Path) -> None:
    """Their sound server is killed, they are suspended and unplugged; after each they hear again within 5 s."""
    dog, rate = soundfile.read(clips, frames=6 * 44_100, dtype="float32")
    soundfile.write(tmp_path / "dog.wav", dog, rate)
    names, away = ("mic:default", "other"), []
    with Stream(pulse, tmp_path, "mic:default", "--name", "other=mic:pulse", "--labels", "dog") as stream:
        stream.wait_for("source", 2)
        for number, befall in enumerate([kill, suspend, replug], start=1):
            began = datetime.now(UTC).timestamp()
            befall(pulse)
            back = datetime.now(UTC).timestamp()
            away.append((began, back))
            stream.wait_for("gap", 2 * number)
            assert datetime.now(UTC).timestamp() - back < 5.0
            played = datetime.now(UTC).timestamp()
            pulse.play(tmp_path / "dog.wav")
            for name in names:
                stream.wait_for_event(name, played)
        stream.end()
    for name in names:
        gaps = [gap for gap in stream.records("gap") if gap["source"] == name]
        assert 3 == len(gaps)
        for (began, back), gap in zip(away, gaps, strict=True):
            assert began == pytest.approx(utc(gap["onset_utc"]), abs=0.3)
            assert back - 0.3 <= utc(gap["offset_utc"]) <= back + 3.0
            length = utc(gap["offset_utc"]) - utc(gap["onset_utc"])
            assert gap["offset"] - gap["onset"] == pytest.approx(length, abs=0.1)
