import dataclasses
from pathlib import Path

import numpy as np
import pytest

from edge.model.card import Card
from edge.model.inference import Model
from sed.data.labels import Annotation
from sed.evaluation.inference import RecordingResult, decode_again
from sed.evaluation.metrics import event_f1, segment_f1
from sed.evaluation.recordings import Recording
from sed.tuning.candidates import GRID, evaluate_settings, setting_at


def made(card: Card, seed: int, seconds: float, events: int) -> RecordingResult:
    """Scores that wander about, in tenths so that some meet a threshold exactly, and a truth near some of them."""
    rng = np.random.default_rng(seed)
    frames = int(np.ceil(seconds / card.frame_seconds))
    walk = np.sin(rng.standard_normal((frames, len(card.labels))).cumsum(axis=0) * 0.2)
    scores = np.round(0.5 + 0.499 * walk, 1 + seed % 2).astype(np.float32)
    high = np.concatenate([[False], scores[:, 0] > 0.6, [False]])
    runs = np.flatnonzero(np.diff(high.astype(int))).reshape(-1, 2)[::3][:events] * card.frame_seconds
    truth = tuple(
        (float(on), min(float(off), seconds), card.labels[0]) for on, off in runs + rng.uniform(0.0, 0.04, runs.shape)
    )
    recording = Recording(path=Path(f"{seed}.wav"), truth=truth, labels=card.labels[:1] if truth else ())
    return RecordingResult(recording=recording, scores=scores, clip_scores=scores[0], events=(), seconds=seconds)


@pytest.mark.parametrize("seed", range(3))
def test_counts_equal_decoder_and_metrics(model: Model, seed: int) -> None:
    """For settings anywhere on the grid, over recordings with events and without, whole seconds and not."""
    card, label = model.card, model.card.labels[0]
    results = [made(card, 10 * seed + k, length, 6 * (k < 2)) for k, length in enumerate((31.0, 12.34, 20.0, 7.77))]
    counts = evaluate_settings(card, results, label)
    rng = np.random.default_rng(seed)
    alarms, true_events = 0, sum(len(one.recording.truth or ()) for one in results)
    for _ in range(60):
        index = tuple(int(rng.integers(size)) for size in GRID)
        decoding = {label: setting_at(index).to_frames(card.frame_seconds)}
        only = dataclasses.replace(card, decoding={**card.decoding, **decoding})
        events: dict[str, list[Annotation]] = {
            one.name: [event for event in decode_again(only, one).events if event[2] == label] for one in results
        }
        truth = {one.name: one.recording.truth for one in results if one.recording.truth}
        loud, seconds = {name: events[name] for name in truth}, {one.name: one.seconds for one in results[:2]}
        assert event_f1(loud, truth, seconds)[label] == pytest.approx(counts.event_f1[index])
        matched = event_f1(loud, truth, seconds)[label] * (sum(map(len, loud.values())) + true_events) / 2
        assert matched / true_events == pytest.approx(counts.recall[index])
        assert segment_f1(loud, truth, seconds)[label] == pytest.approx(counts.segment_f1[index])
        assert [len(events[one.name]) for one in results[2:]] == counts.false_alarms[index].tolist()
        alarms += counts.false_alarms[index].sum()
    assert alarms > 0
    assert counts.event_f1.max() > 0.2
