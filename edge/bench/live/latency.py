"""The delay from a sound to its lines in the log: of a file in real time, and of a microphone that records it.

    played      ....[ sound      ].........................
    onset line        ...... delayed by the window, the median filter, the shortest event
    event line                    ...... the same, and by the gap to merge

The start of the player, some hundredths of a second, is part of the microphone's latency.
"""

import contextlib
import os
import shutil
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import soundfile

from edge.detection import Decoder
from edge.errors import SourceError
from edge.log import Record
from edge.model import Model, Window, window_of
from edge.session import listen
from edge.sources import FileSource, Source, open_source, read_audio

_RATE = 48_000
_SINK = "sed_bench"
_NEAR_SECONDS = 0.5  # largest distance of an event by microphone from the same event of the file
_FIRST_SOUND_SECONDS = 15.0  # to wait for the first sound of the microphone
_BEFORE_SECONDS, _AFTER_SECONDS = 1.0, 3.0  # of silence around what is played


class Line(NamedTuple):
    """A record, and when it was written (`time.time`)."""

    written: float
    record: Record


class Latencies(NamedTuple):
    """Seconds from a sound's onset to its onset line, and from its end to its event line; one for each event."""

    onsets: list[float]
    events: list[float]

    def figures(self) -> dict[str, Any]:
        """Median and worst of both, None where there is none, and how many events there were."""
        return {
            "events": len(self.events),
            "onset_seconds": _median_and_worst(self.onsets),
            "event_seconds": _median_and_worst(self.events),
        }


def write_recording(recording: Path, path: Path, seconds: float) -> None:
    """The first seconds of a recording as a WAV that every player takes."""
    soundfile.write(path, read_audio(recording, _RATE, seconds), _RATE, format="WAV", subtype="PCM_16")


def file_latency(sound: Path, model: Model, hop_seconds: float) -> tuple[Latencies, list[Record]]:
    """Play a file in real time; return the latencies, and the events of the file."""
    lines = timed_log(FileSource(str(sound), realtime=True), model, window_of(model.card, hop_seconds=hop_seconds))
    latencies = _latencies(lines, lambda record, edge: _time(record[f"{edge}_utc"]))
    return latencies, [line.record for line in lines if line.record["type"] == "event"]


def microphone_latency(sound: Path, model: Model, hop_seconds: float, events: list[Record]) -> Latencies:
    """Play a file into a sink of PulseAudio, and listen to it as to a microphone.

    Args:
        sound: a WAV.
        model: listens.
        hop_seconds: by which the window advances.
        events: that the file has, with their times in it.

    Raises:
        SourceError: if it cannot be played, or no event of it is detected.
    """
    with _sink():
        began, lines = _play_and_hear(sound, model, window_of(model.card, hop_seconds=hop_seconds))
    latencies = _latencies(lines, lambda record, edge: _played_at(record, edge, events, began))
    if not latencies.events:
        raise SourceError(
            "no event was detected; is PulseAudio ALSA's default device? (apt install libasound2-plugins)"
        )
    return latencies


def timed_log(source: Source, model: Model, window: Window, sink: "_TimedSink | None" = None) -> list[Line]:
    """The records of a source, with onsets, and when each was written; another thread may stop `sink`."""
    card, clock = model.card, _TimedSink() if sink is None else sink
    listen(
        [source],
        model,
        window,
        lambda: Decoder(card.labels, card.decoding),
        clock,
        stopping=clock.stopping,
        onsets=True,
        stats_every_seconds=0,
    )
    return clock.lines


class _TimedSink:
    """Keeps each record with the time at which it was written."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.stopping, self.started = threading.Event(), threading.Event()

    def write(self, record: Record) -> None:
        self.lines.append(Line(time.time(), record))
        self.started.set()


def _play_and_hear(sound: Path, model: Model, window: Window) -> tuple[float, list[Line]]:
    """When the player was started, and what was written."""
    clock, failures = _TimedSink(), list[Exception]()

    def listening() -> None:
        try:
            timed_log(open_source("mic"), model, window, clock)
        except Exception as exc:  # noqa: BLE001  # raised where the thread is waited for
            failures.append(exc)
        finally:
            clock.started.set()

    thread = threading.Thread(target=listening, name="microphone", daemon=True)
    thread.start()
    try:
        if not clock.started.wait(_FIRST_SOUND_SECONDS):
            raise SourceError(f"the microphone gave no sound for {_FIRST_SOUND_SECONDS:g} s")
        time.sleep(_BEFORE_SECONDS)
        began = time.time()
        if not failures:
            _run("paplay", f"--device={_SINK}", "--latency-msec=50", str(sound))
            time.sleep(_AFTER_SECONDS + (window.hop_frames + window.lookahead_frames) * model.card.frame_seconds)
    finally:
        clock.stopping.set()
        thread.join()
    if failures:
        raise failures[0]
    return began, clock.lines


@contextlib.contextmanager
def _sink() -> Iterator[None]:
    """A sink of its own in the running server; its monitor is what a microphone hears meanwhile."""
    number = _run("pactl", "load-module", "module-null-sink", f"sink_name={_SINK}", f"rate={_RATE}").strip()
    before = os.environ.get("PULSE_SOURCE")
    os.environ["PULSE_SOURCE"] = f"{_SINK}.monitor"
    try:
        yield
    finally:
        del os.environ["PULSE_SOURCE"]
        if before is not None:
            os.environ["PULSE_SOURCE"] = before
        _run("pactl", "unload-module", number)


def _run(*command: str) -> str:
    if shutil.which(command[0]) is None:
        raise SourceError(f"{command[0]} is missing; apt install pulseaudio pulseaudio-utils")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = (done.stderr.strip() or "no message").splitlines()[-1]
        raise SourceError(f"{command[0]} failed ({said}); does PulseAudio run?")
    return done.stdout


def _latencies(lines: list[Line], played_at: Callable[[Record, str], float | None]) -> Latencies:
    """Of events that ended by themselves, where it is known when their begin and end were played."""
    onsets = {line.record["id"]: line.written for line in lines if line.record["type"] == "onset"}
    latencies = Latencies([], [])
    for written, record in lines:
        if record["type"] != "event" or record["closed_by"] != "silence":
            continue
        onset, offset = played_at(record, "onset"), played_at(record, "offset")
        if onset is not None and offset is not None:
            latencies.onsets.append(onsets[record["id"]] - onset)
            latencies.events.append(written - offset)
    return latencies


def _played_at(record: Record, edge: str, events: list[Record], began: float) -> float | None:
    """When the begin or end of an event was played, by the file's own event; None if it has none there."""
    alike = [event for event in events if event["label"] == record["label"]]
    place = _time(record["onset_utc"]) - began
    nearest = min(alike, key=lambda event: abs(event["onset"] - place), default=None)
    if nearest is None or abs(nearest["onset"] - place) > _NEAR_SECONDS:
        return None
    return began + float(nearest[edge])


def _time(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _median_and_worst(seconds: list[float]) -> dict[str, float] | None:
    if not seconds:
        return None
    return {"median": round(statistics.median(seconds), 3), "worst": round(max(seconds), 3)}
