"""Made-up examples: sounds that only their embeddings tell apart, and sounds that their scores do."""

from collections.abc import Callable

import numpy as np
import pytest

from adapt.correction import fit_correction
from adapt.examples import Example
from adapt.held_out import cross_fit
from adapt.thresholds import Aim, choose_thresholds
from edge.errors import SettingError
from edge.model.card import Card
from edge.model.inference import Model

RECALL = Aim(name="recall")


def example(card: Card, right: bool, score: float, direction: int, number: int, label: str = "dog") -> Example:
    """A clip of 3 s with a second of an event in it, on one of ten days."""
    scores = np.full((60, len(card.labels)), 0.01, dtype=np.float32)
    scores[20:40, card.labels.index(label)] = score
    embeddings = np.random.default_rng(number).normal(0, 0.3, (60, 16)).astype(np.float32)
    embeddings[20:44, direction] += 2.0
    return Example(
        clip=f"{number}.flac",
        day=f"2026-05-{1 + number % 10:02}",
        label=label,
        right=right,
        reported=score >= card.decoding[label].on,
        listed=True,
        group=f"day {number % 10}",
        begin=20,
        end=40,
        scores=scores,
        embeddings=embeddings,
    )


@pytest.fixture(scope="module")
def card(model: Model) -> Card:
    return model.card


def test_what_only_embeddings_tell_apart_is_corrected(card: Card) -> None:
    """Dogs and a squeaking door with the same scores: thresholds gain nothing, a correction all."""
    examples = [example(card, k % 2 == 0, 0.995, k % 2, k) for k in range(40)]

    def as_before(_: object) -> Callable[[Example], "np.ndarray[tuple[int, ...], np.dtype[np.float32]]"]:
        return lambda one: one.scores

    def corrected(others: object) -> Callable[[Example], "np.ndarray[tuple[int, ...], np.dtype[np.float32]]"]:
        correction = fit_correction(card, others)  # type: ignore[arg-type]
        return lambda one: correction.apply(one.scores, one.embeddings)

    unchanged, _ = cross_fit(card, examples, RECALL, as_before)
    better, _ = cross_fit(card, examples, RECALL, corrected)
    assert (20, 20) == (unchanged.after.found, unchanged.after.alarms)
    assert (20, 0) == (better.after.found, better.after.alarms)
    assert unchanged.least_gain <= 0 < better.least_gain


def test_thresholds_rise_between_right_and_wrong(card: Card) -> None:
    """Only those of the labels that were reviewed; each right one is still found, no wrong one is."""
    scores = [0.9999 if k % 2 == 0 else 0.992 for k in range(40)]
    examples = [example(card, k % 2 == 0, score, 0, k) for k, score in enumerate(scores)]
    chosen = choose_thresholds(card, examples, scores, RECALL)
    assert ["dog"] == list(chosen)
    assert 0.992 < chosen["dog"].on <= 0.9999


def test_few_hours_promise_few_false_alarms() -> None:
    """Without a false alarm in ten reviewed hours, the rate may be 0.23 an hour."""
    aim = Aim.parse("false-alarms=0.2", 10.0)
    assert aim.bound([0] * 10) == pytest.approx(0.23, abs=0.005)
    with pytest.raises(SettingError, match="how long was listened"):
        Aim.parse("false-alarms=0.2", None)
