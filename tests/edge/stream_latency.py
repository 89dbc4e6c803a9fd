"""`python -m tests.edge.stream_latency [KIND]`: from a sound that a real server sends to its lines in the log.

Waits are counted from the server's own clock: an event's place in the sound that is sent over and over says when it was
sent.
"""

import statistics
import sys
import tempfile
import threading
import time
from datetime import datetime
from pathlib import Path

import click
import numpy as np
import soundfile
import soxr

from edge.decoder import Decoder
from edge.inference import Model, shipped_model
from edge.records import Record
from edge.runtime import listen
from edge.sources import FileSource, Source
from edge.stream import window_of
from edge.streaming import UrlSource
from tests.conftest import DEMO
from tests.edge.servers import Broadcast
from tests.edge.test_streaming import station

_RATE, _LOOP_SECONDS, _LOOPS, _NEAR_SECONDS = 48_000, 40, 3, 0.5
_SURE = 0.9  # doubtful sounds have other borders through another codec


class _Clock:
    """Keeps each record with the time at which it was written, by `time.monotonic`."""

    def __init__(self) -> None:
        self.lines: list[tuple[float, Record]] = []

    def write(self, record: Record) -> None:
        self.lines.append((time.monotonic(), record))


def _hear(source: Source, model: Model, hop_seconds: float, seconds: float | None) -> list[tuple[float, Record]]:
    clock, stopping, card = _Clock(), threading.Event(), model.card
    if seconds is not None:
        threading.Timer(seconds, stopping.set).start()
    listen(
        [source],
        model,
        window_of(card, hop_seconds=hop_seconds),
        lambda: Decoder(card.labels, card.decoding),
        clock,
        stopping=stopping,
        onsets=True,
    )
    return clock.lines


def _waits(kind: str, model: Model, hop_seconds: float, folder: Path) -> tuple[list[float], list[float]]:
    audio, rate = soundfile.read(DEMO, dtype="float32", frames=_LOOP_SECONDS * 44_100)
    loop = soxr.resample(audio, rate, _RATE)
    soundfile.write(folder / "loop.wav", np.tile(loop, 2), _RATE)
    file = [
        record
        for _, record in _hear(FileSource(str(folder / "loop.wav")), model, hop_seconds, None)
        if record["type"] == "event" and record["confidence"] >= _SURE and record["onset"] >= _LOOP_SECONDS
    ]
    with Broadcast(loop, _RATE) as broadcast, station(kind, broadcast, folder) as on_air:
        lines = _hear(
            UrlSource(on_air.url, name=kind, options=on_air.options), model, hop_seconds, _LOOPS * _LOOP_SECONDS
        )
    told = {record["id"]: written for written, record in lines if record["type"] == "onset"}
    began = time.time() - time.monotonic() + broadcast.began
    onsets, events = [], []
    for written, record in lines:
        if record["type"] != "event" or record["closed_by"] != "silence" or record["confidence"] < _SURE:
            continue
        place = datetime.fromisoformat(record["onset_utc"]).timestamp() - began
        for true in file:
            off = (place - true["onset"] + _LOOP_SECONDS / 2) % _LOOP_SECONDS - _LOOP_SECONDS / 2
            if true["label"] == record["label"] and abs(off) < _NEAR_SECONDS:
                onsets.append((told[record["id"]] - broadcast.began - true["onset"]) % _LOOP_SECONDS)
                events.append((written - broadcast.began - true["offset"]) % _LOOP_SECONDS)
    return onsets, events


if __name__ == "__main__":
    kind, model = (sys.argv[1:] or ["rtsp-tcp"])[0], Model(shipped_model(), "cpu")
    click.echo(f"{kind:12} events  to its onset line: median, worst  to its event line: median, worst")
    for hop_seconds in (0.25, 1.0):
        with tempfile.TemporaryDirectory() as name:
            onsets, events = _waits(kind, model, hop_seconds, Path(name))
        row = [f"{statistics.median(waits):.2f} s, {max(waits):.2f} s" for waits in (onsets, events)]
        click.echo(f"hop {hop_seconds:4g} s  {len(onsets):6d}  {row[0]:>31}  {row[1]:>30}")
