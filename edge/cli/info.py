"""`sed-info`: the card of a model file."""

import json
from pathlib import Path

import click

from edge.cli.command_line import SedCommand
from edge.cli.options import MODEL_FILE
from edge.detection import AlarmRate
from edge.errors import SettingError
from edge.model import Card, ClassDecoding, Model, shipped_model, shipped_models

_MOST_NAMES = 40  # of labels, in one line


@click.command(cls=SedCommand)
@click.argument("model", type=MODEL_FILE, required=False)
@click.option("--list", "list_all", is_flag=True, help="Print the shipped models instead.  [default: one card]")
@click.option("--json", "as_json", is_flag=True, help="Print the card as it is in the file.  [default: a table]")
@click.version_option(package_name="sed-edge")
def info(model: Path | None, list_all: bool, as_json: bool) -> None:
    """Print the card of MODEL (a shipped model's name or an .onnx file; esc10 unless named)."""
    if list_all:
        if model is not None:
            raise SettingError("--list prints all shipped models; leave MODEL out")
        cards = {name: Model(path, "cpu").card for name, path in shipped_models().items()}
        click.echo(json.dumps({n: c.model_id for n, c in cards.items()}) if as_json else model_table(cards))
        return
    card = Model(shipped_model() if model is None else model, "cpu").card
    click.echo(card.to_json() if as_json else describe(card))


def model_table(cards: dict[str, Card]) -> str:
    """One line a model: name, size, sounds, latency, licence."""
    lines = [f"{'name':<10}  {'MB':>4}  {'labels':>6}  {'frame':>6}  {'latency':>7}  licence"]
    for name, card in cards.items():
        megabytes = shipped_models()[name].stat().st_size / 1e6
        lines.append(
            f"{name:<10}  {megabytes:4.1f}  {len(card.labels):6d}  {card.frame_seconds:4.2f} s  "
            f"{_latency_seconds(card):5.1f} s  {card.licence}"
        )
    return "\n".join(lines)


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
        "labels": ", ".join(card.labels) if len(card.labels) <= _MOST_NAMES else f"{len(card.labels)}, listed below",
        "groups": ", ".join(f"{name} ({len(labels)})" for name, labels in card.groups.items()) or "none",
        "reported": f"{len(card.default_labels)} of {len(card.labels)} labels unless --labels names others"
        if card.default_labels
        else "all labels",
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
