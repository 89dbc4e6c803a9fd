"""Compares two models: their scores, and the events in their logs."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from edge.detection import Decoder, Event
from edge.errors import SettingError
from edge.model import Card, Floats, ScoreStream, StepModel, window_of

_COLLAR_SECONDS, _OFFSET_COLLAR_RATE = 0.2, 0.2
_LEAST_EVENTS = 10  # in each log, on average: of fewer, one event more or less would mean nothing


class Agreement(NamedTuple):
    """Two models on one recording: greatest difference in a score, and events that they share of those they report."""

    score: float
    shared_events: int
    reported_events: tuple[int, int]


def agreement(model: StepModel, other: StepModel, audio: Floats) -> Agreement:
    """Run two models on a recording, and compare what they give.

    Args:
        model: one, whose decoder settings both are given.
        other: a model of the same labels, rates and window.
        audio: `[samples]` at their rate.
    """
    (scores, events), (other_scores, other_events) = (_detect(one, audio, model.card) for one in (model, other))
    return Agreement(
        score=float(np.abs(scores - other_scores).max(initial=0.0)),
        shared_events=shared_events(events, other_events, model.card.frame_seconds),
        reported_events=(len(events), len(other_events)),
    )


def event_f1(agreements: Sequence[Agreement]) -> float | None:
    """Event-based F1 of one model's logs against the other's; None where they report too few to judge by."""
    reported = sum(sum(one.reported_events) for one in agreements)
    return 2 * sum(one.shared_events for one in agreements) / reported if reported >= 2 * _LEAST_EVENTS else None


def shared_events(events: Sequence[Event], others: Sequence[Event], frame_seconds: float) -> int:
    """Pairs of one label whose onsets are within 200 ms, and offsets within 200 ms or 20 % of the length.

    Events of one label never overlap, so the first that fits is the one.
    """
    left, pairs = list(others), 0
    for event in events:
        for other in left:
            if _same(event, other, frame_seconds):
                left.remove(other)
                pairs += 1
                break
    return pairs


def require_alike(card: Card, other: Card) -> None:
    """Check that two files that are to be compared have the same labels, frames and window.

    Raises:
        SettingError: naming what differs.
    """
    names = ("labels", "sample_rate", "frame_samples", "context_samples", "window_frames", "hop_frames")
    for name in (*names, "lookahead_frames", "grid_frames"):
        ours, theirs = getattr(card, name), getattr(other, name)
        if ours != theirs:
            raise SettingError(
                f"the two are not one network: {name} is {ours} in {card.model_id} and {theirs} in {other.model_id}; "
                "give two exports of one checkpoint, or a file and its checkpoint"
            )


def _detect(model: StepModel, audio: Floats, card: Card) -> tuple[Floats, list[Event]]:
    """Scores `[frames, classes]` and, by the decoder settings of `card`, events of a recording."""
    stream, decoder = ScoreStream(model, window_of(card)), Decoder(card.labels, card.decoding)
    scores = np.concatenate([np.zeros((0, len(card.labels)), dtype=np.float32), *stream.push(audio), *stream.flush()])
    return scores, decoder.push(scores) + decoder.flush()


def _same(event: Event, other: Event, frame_seconds: float) -> bool:
    onset, offset = abs(event.onset_frame - other.onset_frame), abs(event.offset_frame - other.offset_frame)
    collar = max(_COLLAR_SECONDS, _OFFSET_COLLAR_RATE * (other.offset_frame - other.onset_frame) * frame_seconds)
    return (
        event.label == other.label
        and onset * frame_seconds <= _COLLAR_SECONDS + 1e-9
        and offset * frame_seconds <= collar + 1e-9
    )
