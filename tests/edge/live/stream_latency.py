"""`python -m tests.edge.live.stream_latency [KIND]`: from a sound that a real server sends to its lines in the log.

Latencies are counted from the server's own clock: an event's place in the sound that is sent over and over says when it
was sent.
"""

import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

import click
import numpy as np
import soundfile
import soxr

from edge.bench.live.latency import Latencies, timed_log
from edge.model.inference import Model
from edge.model.library import shipped_model
from edge.model.score_stream import window_of
from edge.sources.source import FileSource, Limited
from edge.sources.url.source import UrlSource
from tests.conftest import DEMO
from tests.edge.live.broadcast import Broadcast
from tests.edge.sources.url.test_source import station

_RATE, _LOOP_SECONDS, _LOOPS, _NEAR_SECONDS = 48_000, 40, 3, 0.5
_SURE = 0.9  # doubtful sounds have other borders through another codec


def _waits(kind: str, model: Model, hop_seconds: float, folder: Path) -> Latencies:
    window = window_of(model.card, hop_seconds=hop_seconds)
    audio, rate = soundfile.read(DEMO, dtype="float32", frames=_LOOP_SECONDS * 44_100)
    loop = soxr.resample(audio, rate, _RATE)
    soundfile.write(folder / "loop.wav", np.tile(loop, 2), _RATE)
    file = [
        record
        for _, record in timed_log(FileSource(str(folder / "loop.wav")), model, window)
        if record["type"] == "event" and record["confidence"] >= _SURE and record["onset"] >= _LOOP_SECONDS
    ]
    with Broadcast(loop, _RATE) as broadcast, station(kind, broadcast, folder) as on_air:
        stream = UrlSource(on_air.url, name=kind, options=on_air.options)
        lines = timed_log(Limited(stream, _LOOPS * _LOOP_SECONDS), model, window)
    told = {record["id"]: written for written, record in lines if record["type"] == "onset"}
    began = time.time() - time.monotonic() + broadcast.began
    waits = Latencies([], [])
    for written, record in lines:
        if record["type"] != "event" or record["closed_by"] != "silence" or record["confidence"] < _SURE:
            continue
        place = datetime.fromisoformat(record["onset_utc"]).timestamp() - began
        for true in file:
            off = (place - true["onset"] + _LOOP_SECONDS / 2) % _LOOP_SECONDS - _LOOP_SECONDS / 2
            if true["label"] == record["label"] and abs(off) < _NEAR_SECONDS:
                waits.onsets.append((told[record["id"]] - began - true["onset"]) % _LOOP_SECONDS)
                waits.events.append((written - began - true["offset"]) % _LOOP_SECONDS)
    return waits


if __name__ == "__main__":
    kind, model = (sys.argv[1:] or ["rtsp-tcp"])[0], Model(shipped_model(), "cpu")
    click.echo(f"{kind:12} events  to its onset line: median, worst  to its event line: median, worst")
    for hop_seconds in (0.25, 1.0):
        with tempfile.TemporaryDirectory() as name:
            figures = _waits(kind, model, hop_seconds, Path(name)).figures()
        row = [
            f"{each['median']:.2f} s, {each['worst']:.2f} s"
            for each in (figures["onset_seconds"], figures["event_seconds"])
        ]
        click.echo(f"hop {hop_seconds:4g} s  {figures['events']:6d}  {row[0]:>31}  {row[1]:>30}")
