"""`sed-bench latency`: the delay from a sound to its lines in the log."""

import math
import tempfile
from pathlib import Path
from typing import Any

import click

from edge.bench.cli.options import Output, Seconds, list_option, shared_options
from edge.bench.live import file_latency, microphone_latency, write_recording
from edge.bench.machine import machine
from edge.bench.result import benchmark_result
from edge.bench.results import latency_text
from edge.cli.command_line import SedCommand
from edge.errors import SedError, SourceError
from edge.model import Model


@click.command(cls=SedCommand)
@click.argument("recording", type=click.Path(path_type=Path))
@shared_options("model")
@list_option(
    "--hop", "hops", item=click.FLOAT, metavar="S,S", default="0.25,1", show_default=True, help="Hops in seconds."
)
@click.option("--seconds", type=Seconds(1, 86_400), metavar="S", help="Seconds of RECORDING to play.  [default: all]")
@shared_options("output")
def latency(recording: Path, model: Path, hops: list[float], seconds: float | None, output: Output) -> None:
    """Play RECORDING, which holds sounds that the model knows, and measure the delay until they are in the log.

    Once as a file in real time and, if PulseAudio runs, once through a microphone: the monitor of a temporary sink.
    """
    measured_on, opened = machine(), Model(model, "cpu")
    rows: list[dict[str, Any]] = []
    unmeasured: list[dict[str, str]] = []
    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder) / "sound.wav"
        write_recording(recording, sound, math.inf if seconds is None else seconds)
        for hop in hops:
            latencies, events = file_latency(sound, opened, hop)
            if not latencies.events:
                raise SourceError(
                    f"{recording}: no event both begins and ends in it at a hop of {hop:g} s; play another"
                )
            rows.append({"source": "file", "hop_seconds": hop, **latencies.figures()})
            if unmeasured:
                continue
            try:
                latencies = microphone_latency(sound, opened, hop, events)
                rows.append({"source": "mic", "hop_seconds": hop, **latencies.figures()})
            except SedError as exc:
                unmeasured.append({"source": "mic", "reason": str(exc)})
    result = benchmark_result("latency", measured_on, model=model.name, rows=rows, unmeasured=unmeasured)
    output.print(result, lambda markdown: latency_text(result, markdown=markdown))
