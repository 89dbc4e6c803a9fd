"""`sed-tune MODEL.onnx --quiet`: thresholds for one place, without torch."""

import dataclasses
import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from edge.detection import (
    AlarmRate,
    QuietEvent,
    QuietThresholds,
    describe_rate,
    next_alarms,
    parse_rate,
    raise_thresholds,
)
from edge.errors import SettingError
from edge.log import whole_file
from edge.model import Card, ClassDecoding, Model, with_card
from edge.session import events_of, false_alarms, hours_of, read_right_events, read_stretches
from sed.cli.output_paths import require_new_file


def tune_on_quiet_hours(
    model_path: Path, quiet: Sequence[Path], right_path: Path | None, aim: str | None, out: Path, force: bool
) -> None:
    """Raise thresholds until the quiet hours' false alarms meet the aim, and write them to `out`.

    Raises:
        SedError: if something given is wrong, or the hours cannot promise the aim; nothing is written then.
    """
    per_hour = _aimed(aim)
    if out.suffix.lower() not in (".onnx", ".toml"):
        raise SettingError(f"--out {out}: expected a new model file (.onnx), or settings for --config (.toml)")
    require_new_file(out, force)
    right = [] if right_path is None else read_right_events(right_path)
    model = Model(model_path, "cpu")
    card = model.card
    stretches = read_stretches(model, quiet)
    hours = hours_of(stretches, card)
    if hours == 0:
        raise SettingError("--quiet: holds no sound; give some hours of it")
    before = events_of(stretches, card, card.decoding)
    wrong = false_alarms(before, right)
    chosen = raise_thresholds(wrong, card.decoding, hours, per_hour)
    decoding, after = chosen.applied_to(card.decoding), before
    if chosen.on:
        after = events_of(stretches, card, decoding)
        chosen = dataclasses.replace(chosen, left=tuple(false_alarms(after, right)))  # an event may fall in two
    bound = chosen.bound_per_hour(hours)
    if per_hour is not None and bound > per_hour:
        raise SettingError(
            f"--aim {aim}: {hours:.3g} quiet hours with {len(wrong)} false alarms promise no less than "
            f"{describe_rate(bound)}; allow that, or give more hours: {next_alarms([]) / per_hour:.3g} h without a "
            "false alarm would do"
        )
    rate = AlarmRate(
        per_hour=len(chosen.left) / hours,
        bound_per_hour=bound,
        counted_on=f"{hours:.3g} quiet hours",
        bound_on=f"the next {hours:.3g} h",
    )
    click.echo(_table(card, wrong, chosen), err=True)
    if right:
        kept = len(after) - len(chosen.left)
        click.echo(f"right events: {kept} of {len(before) - len(wrong)} are still reported", err=True)
    click.echo(f"false alarms: {rate}", err=True)
    _write(out, model_path, card, decoding, chosen, rate)
    use = f"--model {out}" if out.suffix.lower() == ".onnx" else f"--config {out}"
    click.echo(f"wrote {out}; next: sed-stream SOURCE {use}", err=True)


def _aimed(aim: str | None) -> float | None:
    """False alarms an hour; None for as few as these hours have."""
    if aim is None:
        return None
    name, _, value = aim.partition("=")
    per_hour = parse_rate(value)
    if name != "false-alarms" or not per_hour:
        raise SettingError(f"--aim {aim}: expected false-alarms=N, N per hour, or N/day, with --quiet")
    return per_hour


def _table(card: Card, before: Sequence[QuietEvent], chosen: QuietThresholds) -> str:
    """A line for each label that gave a false alarm."""
    counts, left = (Counter(event.label for event in events) for events in (before, chosen.left))
    width = max(map(len, [*counts, "label"]))
    lines = [f"{'label':<{width}}  false alarms  left  on"]
    for label, count in counts.most_common():
        on = card.decoding[label].on
        changed = f"{on:g} -> {chosen.on[label]:g}" if label in chosen.on else f"{on:g}"
        lines.append(f"{label:<{width}}  {count:12d}  {left[label]:4d}  {changed}")
    return "\n".join(lines)


def _write(
    out: Path,
    model_path: Path,
    card: Card,
    decoding: Mapping[str, ClassDecoding],
    chosen: QuietThresholds,
    rate: AlarmRate,
) -> None:
    """A model file, whole or not at all, or settings."""
    content = model_path.read_bytes()
    parent = hashlib.sha256(content).hexdigest()
    if out.suffix.lower() == ".toml":
        lines = [
            f"# for {card.model_id}; SHA-256 of the model file: {parent}",
            f"# false alarms: {rate}",
            "[threshold]",
        ]
        lines += [f"{json.dumps(label, ensure_ascii=False)} = {on}" for label, on in chosen.on.items()]
        out.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return
    origin = {"tuned_for": rate.counted_on, "parent_sha256": parent, "parent_validation": card.validation}
    after = dataclasses.replace(card, decoding=dict(decoding), validation={**rate.to_dict(), **origin})
    with whole_file(out) as file:
        file.write(with_card(content, after, str(model_path)))
