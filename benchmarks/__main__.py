"""`python -m benchmarks`: the figures of docs/benchmarks.md."""

import os

# Before anything loads a library of linear algebra.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"

import dataclasses
import json
import platform
import statistics
import tempfile
from importlib.metadata import version
from pathlib import Path

import click
import onnx
import torch

from benchmarks import peers, process, subjects, timing
from benchmarks.operators import Cost
from benchmarks.operators import profile as profile_operators
from edge.audio import read_audio
from edge.inference import Model, shipped_model
from export.graph import to_onnx
from export.quantize import to_int8
from export.write import save
from sed.checkpoint import Checkpoint, make_card
from sed.config import load_recipe
from sed.model import Detector

_ROOT = Path(__file__).parent.parent
_RECORDING = _ROOT / "demo" / "recording.ogg"

_model_option = click.option(
    "--model", type=click.Path(path_type=Path), default=shipped_model(), help="Model file.  [default: the shipped one]"
)


@click.group()
def benchmarks() -> None:
    """Measure this project on this machine, one core, beside what others run."""


@benchmarks.command()
@_model_option
@click.option("--rounds", type=click.IntRange(min=9), default=15, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: name, median, low, high.")
def speed(model: Path, rounds: int, as_json: bool) -> None:
    """Cost of a second of audio, from samples to events; every subject in turn in one process."""
    timing.one_core()
    with tempfile.TemporaryDirectory() as folder:
        chosen = _subjects(model, Path(folder))
        timings = timing.measure(chosen, rounds)
    if as_json:
        click.echo(json.dumps({name: found._asdict() for name, found in timings.items()}))
        return
    click.echo(_machine())
    ours = timings["light, hop 1 s"].median
    click.echo(f"{'ms per second of audio':34} median  half of rounds  times light, hop 1 s")
    for name, (median, low, high) in timings.items():
        click.echo(f"{name:34} {median:6.2f}  {low:6.2f} - {high:6.2f}  {median / ours:8.2f}")
    click.echo(f"{timing.SGEMM}: {timing.gflops(timings[timing.SGEMM]):.0f} GFLOP/s")


def _subjects(path: Path, folder: Path) -> dict[str, timing.Subject]:
    light, light8 = Model(path), _int8(path, folder / "light8.onnx")
    mid_path = _untrained("mid", folder)
    mid, mid8 = Model(mid_path), _int8(mid_path, folder / "mid8.onnx")
    audio = read_audio(_RECORDING, light.card.sample_rate)
    chosen = {
        "light, hop 1 s": subjects.stream(light, audio, 1.0),
        "light, hop 1 s, from 48 kHz": subjects.stream(light, audio, 1.0, rate=48_000),
        "light, hop 0.25 s": subjects.stream(light, audio, 0.25),
        "light, naive window, hop 1 s": subjects.naive(light, audio, 1.0),
        "light, naive window, hop 0.25 s": subjects.naive(light, audio, 0.25),
        "light int8, hop 1 s": subjects.stream(light8, audio, 1.0),
        "light, frontend and convolutions": subjects.convolutions(path, light.card, audio),
        "light int8, the same": subjects.convolutions(folder / "light8.onnx", light.card, audio),
        "mid, hop 1 s": subjects.stream(mid, audio, 1.0),
        "mid, naive window, hop 1 s": subjects.naive(mid, audio, 1.0, hops=1),
        "mid int8, hop 1 s": subjects.stream(mid8, audio, 1.0),
        "mid, frontend and convolutions": subjects.convolutions(mid_path, mid.card, audio),
        "mid int8, the same": subjects.convolutions(folder / "mid8.onnx", mid.card, audio),
    }
    chosen |= {f"{name}, chunk by chunk": found for name, found in peers.silero_streaming(audio).items()}
    chosen["silero-vad, sequence of 1 s"] = peers.silero_sequence(audio)
    torch.manual_seed(0)
    chosen["DCASE 2023 CRNN, once"] = peers.whole_window(peers.DcaseCrnn(), 16_000, folder, 10.0)
    chosen["Cnn14 decision level, naive, 1 s"] = peers.whole_window(peers.Cnn14DecisionLevelMax(), 32_000, folder, 1.0)
    chosen[timing.SGEMM] = timing.sgemm()
    return chosen


@benchmarks.command()
@_model_option
def operators(model: Path) -> None:
    """Where the time of a step goes, and what share of the machine's limit each operator reaches."""
    timing.one_core()
    click.echo(_machine())
    audio = read_audio(_RECORDING, Model(model).card.sample_rate)
    before = timing.sgemm_gflops()
    costs = profile_operators(model, audio)
    limit = max(before, timing.sgemm_gflops())
    total = Cost(sum(cost.microseconds for cost in costs.values()), sum(cost.mflop for cost in costs.values()))
    click.echo(f"{'operator':24} us a step  share  MFLOP  of sgemm's {limit:.0f} GFLOP/s")
    for name, cost in {**costs, "all": total}.items():
        share, reached = cost.microseconds / total.microseconds, 1e3 * cost.mflop / cost.microseconds / limit
        click.echo(
            f"{name:24} {cost.microseconds:9.0f}  {share:5.0%}  {cost.mflop:5.1f}"
            + (f"  {reached:5.0%}" * (reached > 0))
        )


@benchmarks.command(name="process")
@_model_option
@click.option("--rounds", type=click.IntRange(min=3), default=9, show_default=True)
def one_process(model: Path, rounds: int) -> None:
    """Start-up, memory and size of the runtime."""
    timing.one_core()
    click.echo(_machine())
    taken = [process.first_event_seconds(model, _RECORDING) for _ in range(rounds + 1)][1:]  # the first warms caches
    click.echo(
        f"process start to first event: median {statistics.median(taken):.2f} s, worst {max(taken):.2f} s of {rounds}"
    )
    click.echo(f"sed-stream, most memory: {process.command_megabytes(model, _RECORDING):.0f} MB")
    click.echo(f"model file: {model.stat().st_size / 1e6:.2f} MB")


@benchmarks.command()
@_model_option
@click.option("--hours", type=click.IntRange(min=2), default=24, show_default=True)
def day(model: Path, hours: int) -> None:
    """Cost and memory hour by hour of a day of audio, pushed through as fast as it goes."""
    timing.one_core()
    audio = read_audio(_RECORDING, Model(model).card.sample_rate)
    click.echo(_machine())
    click.echo("hour  ms a hop  of sgemm    MB")
    for hour, found in enumerate(process.hours(model, audio, hours), start=1):
        limit = timing.measure({timing.SGEMM: timing.sgemm()}, 9)[timing.SGEMM].median
        click.echo(f"{hour:4d}  {found.milliseconds:8.2f}  {found.milliseconds / limit:8.3f}  {found.megabytes:4.0f}")


def _int8(path: Path, out: Path) -> Model:
    """A file in eight bits, calibrated by the demo recording: good enough for its speed."""
    model = Model(path)
    proto = onnx.load(path)
    card = dataclasses.replace(model.card, precision="int8")
    save(to_int8(proto, card, [read_audio(_RECORDING, card.sample_rate)]), card, out)
    return Model(out)


def _untrained(name: str, folder: Path) -> Path:
    """The network of a recipe with random weights, exported."""
    recipe = load_recipe(_ROOT / "recipes" / f"{name}.toml")
    torch.manual_seed(0)
    checkpoint = Checkpoint(
        recipe=recipe, labels=Model(shipped_model()).card.labels, detector=Detector(recipe, 10).eval()
    )
    save(to_onnx(checkpoint), make_card(checkpoint), folder / f"{name}.onnx")
    return folder / f"{name}.onnx"


def _machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    processor = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor())
    return f"{processor}, one core; onnxruntime {version('onnxruntime')}, numpy {version('numpy')}"


if __name__ == "__main__":
    benchmarks(prog_name="python -m benchmarks")
