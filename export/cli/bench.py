"""`sed-bench`, whole: the runtime's parts, and the frontend's, which needs torch.

The other parts are in `edge.bench`, which must not know of torch; here nothing of it is loaded before it is asked for.
"""

import dataclasses
import functools

import click
import numpy as np

from edge.bench.cli import bench
from edge.bench.cli.options import Output, Seconds, list_option, progress, shared_options
from edge.bench.machine import describe_machine, machine
from edge.bench.result import benchmark_result
from edge.bench.results import Column, Row, page, rows_text
from edge.bench.steps import measure, spread
from edge.errors import SettingError
from edge.model import Model, shipped_model

__all__ = ["bench"]

_LONGEST_CALL_SECONDS = 640.0


@bench.command()
@list_option(
    "--clip",
    "clips",
    item=Seconds(0.1, _LONGEST_CALL_SECONDS),
    metavar="S,S",
    default="1,10,300",
    show_default=True,
    help="Seconds of a recording.",
)
@list_option(
    "--batch",
    "batches",
    item=click.IntRange(1, 4096),
    metavar="N,N",
    default="1,4,16,64",
    show_default=True,
    help=f"Recordings a call, of {_LONGEST_CALL_SECONDS:g} s together at most.",
)
@shared_options("threads", "rounds", "output")
def frontend(clips: list[float], batches: list[int], threads: int, rounds: int, output: Output) -> None:
    """Measure the shipped model's log-mel frontend: by torchlibrosa, folded as in the model, by librosa.

    Seconds of audio a second, from samples to decibels, both in the machine's own memory: a GPU's copies count.
    """
    from export.frontends import frontends
    from sed.recipe import FrontendConfig

    config = FrontendConfig(**Model(shipped_model(), "cpu").card.frontend)
    sizes = [(clip, batch) for clip in clips for batch in batches if clip * batch <= _LONGEST_CALL_SECONDS]
    if not sizes:
        raise SettingError(f"no --clip by --batch is of {_LONGEST_CALL_SECONDS:g} s or less together")
    measured_on = machine()
    rows = []
    with frontends(config, threads) as (found, unmeasured), progress(sizes, "sizes") as items:
        for clip, batch in items:
            frames = round(clip * config.sample_rate / config.hop_length)
            samples = config.overlap_samples + frames * config.hop_length
            audio = np.random.default_rng(0).normal(0.0, 0.1, (batch, samples)).astype(np.float32)
            calls = {key: functools.partial(call, audio) for key, call in found.items()}
            for (name, device), seconds in measure(calls, range(rounds), least_calls=1).items():
                speed = spread(batch * clip / np.median(seconds, axis=1))
                size = {"clip_seconds": clip, "batch": batch}
                rows.append({"frontend": name, "device": device, **size, "seconds_per_second": speed})
    result = benchmark_result(
        "frontend",
        measured_on,
        rounds=rounds,
        frontend=dataclasses.asdict(config),
        threads=threads,
        rows=rows,
        unmeasured=unmeasured,
    )
    output.print(result, lambda markdown: _text(result, markdown=markdown))


def _text(result: Row, *, markdown: bool) -> str:
    """A line a size, a column a form of the frontend."""
    rows = result["rows"]
    forms = dict.fromkeys((row["frontend"], row["device"]) for row in rows)
    by_size: dict[tuple[float, int], dict[tuple[str, str], dict[str, float]]] = {}
    for row in rows:
        of_size = by_size.setdefault((row["clip_seconds"], row["batch"]), {})
        of_size[row["frontend"], row["device"]] = row["seconds_per_second"]
    lines = [{"clip": clip, "batch": batch, "found": found} for (clip, batch), found in by_size.items()]
    columns = [
        Column("clip s", lambda line: f"{line['clip']:g}"),
        Column("batch", lambda line: f"{line['batch']}"),
        *(_column(name, device) for name, device in forms),
    ]
    settings = "{n_mels} bands, DFT of {n_fft}, hop of {hop_length} samples at {sample_rate} Hz".format(
        **result["frontend"]
    )
    above = [
        describe_machine(result["machine"]),
        f"seconds of audio a second; {settings}; threads {result['threads']}, {result['rounds']} rounds",
    ]
    below = [f"{each['frontend']}: not measured: {each['reason']}" for each in result["unmeasured"]]
    return page(above, rows_text(lines, columns, markdown=markdown), below, markdown=markdown)


def _column(name: str, device: str) -> Column:
    def cell(line: Row) -> str:
        found = line["found"][name, device]
        return f"{found['median']:.0f} ± {50 * (found['high'] - found['low']) / found['median']:.0f} %"

    return Column(f"{name}, {device}", cell)
