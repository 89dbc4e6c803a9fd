"""`sed-info`: the card of a model file."""

from pathlib import Path

import click

from edge.cli.command_line import SedCommand
from edge.detection import AlarmRate
from edge.model import Card, ClassDecoding, Model, shipped_model


@click.command(cls=SedCommand)
@click.argument("model", type=click.Path(path_type=Path), required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the card as it is in the file.  [default: a table]")
@click.version_option(package_name="sed-edge")
def info(model: Path | None, as_json: bool) -> None:
    """Print the card of MODEL (an .onnx file; the shipped one unless named)."""
    card = Model(shipped_model() if model is None else model, "cpu").card
    click.echo(card.to_json() if as_json else describe(card))


def describe(card: Card) -> str:
    """A table of what a model is, and one of how its scores become events."""
    seconds = card.frame_seconds
    rate = AlarmRate.from_dict(card.validation)
    told = {} if rate is None else rate.to_dict()
    figures = ", ".join(
        f"{name} {value}" for name, value in card.validation.items() if not isinstance(value, dict) and name not in told
    )
    rows = {
        "model": card.model_id,
        "labels": ", ".join(card.labels),
        "sample rate": f"{card.sample_rate} Hz",
        "frame": f"{card.frame_samples} samples, {seconds:g} s",
        "window": f"{card.window_frames * seconds:g} s, every {card.hop_frames * seconds:g} s",
        "latency": f"an event is written within {_latency_seconds(card):g} s of its end",
        "precision": card.precision,
        "parity": ", ".join(f"{name} within {value:.1e}" for name, value in card.parity.items()),
        "trained on": ", ".join(f"{name} {value}" for name, value in card.training.items() if value != ""),
        "validation": figures or "none",
        "false alarms": "not stated" if rate is None else str(rate),
        "licence": card.licence or "not stated",
        "exported from": f"a checkpoint with SHA-256 {card.parent_sha256 or 'not stated'}",
    }
    width = max(len(name) for name in rows)
    lines = [f"{name:<{width}}  {value}" for name, value in rows.items()]
    label_width = max(len("decoder"), *(len(label) for label in card.labels))
    lines += ["", f"{'decoder':<{label_width}}    on   off  median  shortest  merge"]
    lines += [f"{label:<{label_width}}  {_decoding(card.decoding[label], seconds)}" for label in card.labels]
    return "\n".join(lines)


def _latency_seconds(card: Card) -> float:
    """From the end of an event to its line, at most: the window, the median filter, and the gap to merge."""
    waits = [settings.median_frames // 2 + settings.merge_frames for settings in card.decoding.values()]
    return round((card.hop_frames + card.lookahead_frames + max(waits)) * card.frame_seconds, 3)


def _decoding(settings: ClassDecoding, frame_seconds: float) -> str:
    median, shortest, merge = (
        f"{frames * frame_seconds:.2f} s"
        for frames in (settings.median_frames, settings.shortest_frames, settings.merge_frames)
    )
    return f"{settings.on:4.2f}  {settings.off:4.2f}  {median:>6}  {shortest:>8}  {merge}"
