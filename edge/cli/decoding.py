"""Labels and thresholds as the user chose them, in place of the card's."""

import dataclasses
from collections.abc import Iterable

import click

from edge.cli.settings import Threshold, origin_of
from edge.errors import SettingError, did_you_mean
from edge.model import Card, ClassDecoding


def chosen_labels(ctx: click.Context, labels: str | None, card: Card) -> list[str] | None:
    """The labels of `--labels`, in the model's order, groups resolved; without it those of the card, None for all."""
    if labels is None:
        return list(card.default_labels) or None
    wanted: set[str] = set()
    for name in labels.split(","):
        wanted.update(_labels_of(name.strip(), card, origin_of(ctx, "labels").place))
    return [label for label in card.labels if label in wanted]


def chosen_decoding(card: Card, thresholds: Iterable[Threshold]) -> dict[str, ClassDecoding]:
    """The card's settings, with the user's thresholds; an event ends at the card's, or at a lower one's own."""
    chosen = dict(card.decoding)
    # A label's own threshold comes after that of its group, wherever it stands.
    for name, on, origin in sorted(thresholds, key=lambda threshold: threshold.label not in card.groups):
        for label in _labels_of(name, card, origin.place):
            chosen[label] = dataclasses.replace(chosen[label], on=on, off=min(on, card.decoding[label].off))
    return chosen


def _labels_of(name: str, card: Card, place: str) -> tuple[str, ...]:
    """What a user's word stands for: the labels of a group, or a label."""
    if name in card.groups:
        return card.groups[name]
    if name not in card.labels:
        what = "label or group" if card.groups else "label"
        known = [*card.groups, *card.labels]
        raise SettingError(f"{place}: the model knows no {what} {name!r}{did_you_mean(name, known)}")
    return (name,)
