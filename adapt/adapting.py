"""The stages of adapting: what is fitted to reviews, judged on days that were held out, and written.

Nothing is written that is no better than the old model on those days.
"""

import dataclasses
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from adapt.correction import Correction, fit_correction
from adapt.errors import NotBetterError, ReviewsError
from adapt.examples import Example, read_examples
from adapt.graph import with_correction
from adapt.held_out import Comparison, Scorer, compare, cross_fit
from adapt.thresholds import Aim, choose_thresholds, with_thresholds
from edge.detection import AlarmRate, describe_rate
from edge.log import whole_file
from edge.model import Card, ClassDecoding, Model, find_model, with_card
from edge.model import Floats as Scores
from review.store import HELD_OUT_FOLD, folds_by_day

STAGES = ("thresholds", "head", "network")
_BLOCKS = 8  # of time, of the days that were held out from training


class Adapted(NamedTuple):
    """A new model, not written yet.

    Attributes:
        content: of its file.
        card: in it.
        comparison: with the old one, on days that were held out.
        examples: that it was fitted to.
        before: the old card.
    """

    content: bytes
    card: Card
    comparison: Comparison
    examples: int
    before: Card


def adapt(model_path: Path, reviews: Sequence[Path], stage: str, aim: Aim) -> Adapted:
    """Fit a stage to reviews, and judge it.

    Args:
        model_path: the `.onnx`, or the name of a shipped model.
        reviews: files `reviews.jsonl`, or their folders.
        stage: one of `STAGES`.
        aim: that thresholds are chosen for.

    Raises:
        NotBetterError: if it is no better on days that were held out, or does not keep the aim there.
        SedError: if something given is wrong.
    """
    path = find_model(model_path)
    model = Model(path, "cpu")
    card, examples = model.card, read_examples(model, reviews)
    comparison, peaks = cross_fit(card, examples, aim, _fitting(card, stage))
    chosen = choose_thresholds(card, examples, peaks, aim)
    content = path.read_bytes()
    origin = _origin(path, card, stage, len(examples), comparison) | {
        "aim": aim.name,
        "parent_validation": card.validation,
    }
    after = dataclasses.replace(with_thresholds(card, chosen), validation=_rate(aim, comparison) | origin)
    if stage == "head":
        correction = fit_correction(card, examples)
        content = with_correction(content, correction, str(path))
        fingerprint = hashlib.sha256(correction.weights.tobytes() + correction.bias.tobytes()).hexdigest()[:8]
        after = dataclasses.replace(after, model_id=f"{card.model_id}-{fingerprint}")
    adapted = Adapted(with_card(content, after, str(path)), after, comparison, len(examples), card)
    _require_better(adapted, aim)
    return adapted


def judge_trained(model_path: Path, reviews: Sequence[Path], trained_path: Path) -> Adapted:
    """Judge a model that was trained on what `sed-review export` made of the reviews.

    Only the days are used that such an export holds out from training (`folds_by_day`).

    Args:
        model_path: of the old model.
        reviews: files `reviews.jsonl`, or their folders.
        trained_path: of the new one.

    Raises:
        NotBetterError: if it is no better on these days.
        ReviewsError: if no day is held out.
        SedError: if something given is wrong.
    """
    path = find_model(model_path)
    old, new = Model(path, "cpu"), Model(trained_path, "cpu")
    before, after = (
        {(one.clip, one.label): one for one in read_examples(model, reviews, as_reported=False)} for model in (old, new)
    )
    folds = folds_by_day(one.day for one in before.values())
    held_out = [key for key, one in before.items() if folds[one.day] == HELD_OUT_FOLD and key in after]
    if not held_out:
        raise ReviewsError("no day of these reviews was held out from training; review clips of two days or more")
    examples = [
        dataclasses.replace(before[key], group=f"block {number * _BLOCKS // len(held_out)}")
        for number, key in enumerate(held_out)
    ]
    detected = [
        [one.is_detected(card, card.decoding[one.label], one.scores) for one in (found[key] for key in held_out)]
        for card, found in ((old.card, before), (new.card, after))
    ]
    comparison = compare(examples, *detected)
    origin = _origin(path, old.card, "network", len(before), comparison)
    card = dataclasses.replace(new.card, validation={**new.card.validation, **origin})
    adapted = Adapted(
        with_card(trained_path.read_bytes(), card, str(trained_path)), card, comparison, len(before), old.card
    )
    _require_better(adapted, Aim(name="event-f1"))
    return adapted


def _origin(path: Path, parent: Card, stage: str, reviewed: int, comparison: Comparison) -> dict[str, object]:
    """What the card of a new model says of where it comes from."""
    return {
        "adapted": stage,
        "parent_model": parent.model_id,
        "parent_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "reviewed": reviewed,
        "adapted_at": datetime.now(UTC).date().isoformat(),
        "held_out": comparison.to_dict(),
    }


def write(adapted: Adapted, out: Path) -> None:
    """Write the new model, whole or not at all.

    Raises:
        ModelError: if it cannot be opened.
        OSError: if it cannot be written.
    """
    part = out.with_name(f".{out.name}.part.onnx")
    try:
        with whole_file(part) as file:
            file.write(adapted.content)
        Model(part, "cpu")
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def table(adapted: Adapted) -> str:
    """Before and after on days that were held out, and the thresholds that changed."""
    return describe(adapted.comparison) + "\n\n" + _thresholds(adapted.before.decoding, adapted.card.decoding)


def describe(comparison: Comparison) -> str:
    """Before and after on days that were held out."""
    rows = [f"{'on days held out':<18}{'found':>8}{'missed':>8}{'false alarms':>14}{'F1':>8}"]
    for name, one in (("before", comparison.before), ("after", comparison.after)):
        rows.append(f"{name:<18}{one.found:8d}{one.right - one.found:8d}{one.alarms:14d}{one.f1:8.3f}")
    interval = f"at least {comparison.least_gain:+.3f}, at most {comparison.greatest_gain:+.3f}"
    return "\n".join([*rows, f"F1 {comparison.gain:+.3f}; on other days {interval} (9 times of 10 each)"])


def _fitting(card: Card, stage: str) -> "type[_AsBefore] | _Corrector":
    return _AsBefore if stage == "thresholds" else _Corrector(card)


class _AsBefore:
    """The scorer of the old model; nothing is fitted."""

    def __init__(self, examples: Sequence[Example]) -> None:
        pass

    def __call__(self, example: Example) -> Scores:
        return example.scores


class _Corrector:
    """Fits corrections."""

    def __init__(self, card: Card) -> None:
        self._card = card

    def __call__(self, examples: Sequence[Example]) -> Scorer:
        correction: Correction = fit_correction(self._card, examples)
        return lambda example: correction.apply(example.scores, example.embeddings)


def _rate(aim: Aim, comparison: Comparison) -> dict[str, object]:
    """The false alarms an hour, where it is known how long was listened."""
    if aim.name != "false-alarms":
        return {}
    alarms = comparison.alarms_by_group
    rate = AlarmRate(
        per_hour=sum(alarms) / aim.hours, bound_per_hour=aim.bound(alarms), counted_on=f"{aim.hours:g} reviewed hours"
    )
    return rate.to_dict()


def _require_better(adapted: Adapted, aim: Aim) -> None:
    comparison = adapted.comparison
    if aim.name == "false-alarms":
        bound = aim.bound(comparison.alarms_by_group)
        if bound > aim.per_hour + 1e-9:
            raise NotBetterError(
                f"{describe(comparison)}\nthese reviews promise no less than {describe_rate(bound)}, asked for at most "
                f"{describe_rate(aim.per_hour)}; allow more, or review more days. Nothing was written"
            )
    elif comparison.least_gain <= 0:
        raise NotBetterError(
            f"{describe(comparison)}\nnot surely better than before; review more clips, or try another --stage or "
            "--aim. Nothing was written"
        )


def _thresholds(before: dict[str, ClassDecoding], after: dict[str, ClassDecoding]) -> str:
    changed = [label for label in before if before[label] != after[label]]
    width = max(map(len, [*changed, "label"]))
    lines = [f"{label:<{width}}  {before[label].on:g} -> {after[label].on:g}" for label in changed]
    return "\n".join([f"{'label':<{width}}  on", *lines])
