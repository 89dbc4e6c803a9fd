"""`sed-bench latency`: how soon the log tells of a sound."""

import json
import math
import tempfile
from pathlib import Path
from typing import Any

import click

from edge.bench.cli.options import (
    Seconds,
    commas,
    json_option,
    markdown_option,
    model_option,
)
from edge.bench.live import of_file, of_microphone, write_recording
from edge.bench.machine import machine
from edge.bench.results import latency_text
from edge.bench.steps import SCHEMA
from edge.cli.command_line import SedCommand
from edge.errors import SedError, SourceError
from edge.model import Model


@click.command(cls=SedCommand)
@click.argument("recording", type=click.Path(path_type=Path))
@model_option
@click.option(
    "--hop", "hops", **commas(click.FLOAT, metavar="S,S", default="0.25,1"), show_default=True, help="Seconds."
)
@click.option("--seconds", type=Seconds(1, 86_400), metavar="S", help="Of RECORDING, to play.  [default: all]")
@json_option
@markdown_option
def latency(
    recording: Path, model: Path, hops: list[float], seconds: float | None, as_json: bool, markdown: bool
) -> None:
    """Play RECORDING, which holds sounds that the model knows, and measure how soon the log tells of them.

    Once as a file in real time, and once by PulseAudio, where it runs, to a microphone: a sink that is there for the
    while only, so that nothing sounds.
    """
    measured_on, opened = machine(), Model(model, "cpu")
    rows: list[dict[str, Any]] = []
    unmeasured: list[dict[str, str]] = []
    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder) / "sound.wav"
        write_recording(recording, sound, math.inf if seconds is None else seconds)
        for hop in hops:
            waits, events = of_file(sound, opened, hop)
            if not waits.events:
                raise SourceError(
                    f"{recording}: no event both begins and ends in it at a hop of {hop:g} s; play another"
                )
            rows.append({"source": "file", "hop_seconds": hop, **waits.figures()})
            if unmeasured:
                continue
            try:
                waits = of_microphone(sound, opened, hop, events)
                rows.append({"source": "mic", "hop_seconds": hop, **waits.figures()})
            except SedError as exc:
                unmeasured.append({"source": "mic", "reason": str(exc)})
    result = {
        "benchmark": "latency",
        "schema": SCHEMA,
        "machine": measured_on,
        "model": model.name,
        "rows": rows,
        "unmeasured": unmeasured,
    }
    click.echo(json.dumps(result, ensure_ascii=False) if as_json else latency_text(result, markdown=markdown))
