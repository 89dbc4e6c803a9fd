"""Labels and thresholds as the user chose them, in place of the card's."""

import dataclasses
from collections.abc import Iterable

import click

from edge.cli.settings import Threshold, origin_of
from edge.errors import SettingError, did_you_mean
from edge.model import Card, ClassDecoding


def chosen_labels(ctx: click.Context, labels: str | None, card: Card) -> list[str] | None:
    """The labels of `--labels`, in the model's order, each known to it; None for all."""
    if labels is None:
        return None
    wanted = [label.strip() for label in labels.split(",")]
    for label in wanted:
        _require_label(label, card, origin_of(ctx, "labels").place)
    return [label for label in card.labels if label in wanted]


def chosen_decoding(card: Card, thresholds: Iterable[Threshold]) -> dict[str, ClassDecoding]:
    """The card's settings, with the user's thresholds; an event ends at the card's, or at a lower one's own."""
    chosen = dict(card.decoding)
    for label, on, origin in thresholds:
        _require_label(label, card, origin.place)
        chosen[label] = dataclasses.replace(chosen[label], on=on, off=min(on, card.decoding[label].off))
    return chosen


def _require_label(label: str, card: Card, place: str) -> None:
    if label not in card.labels:
        raise SettingError(f"{place}: the model knows no label {label!r}{did_you_mean(label, card.labels)}")
