"""The model that comes with the package is a real detector."""

import csv

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from edge.detection.alarm_rate import AlarmRate
from edge.detection.decoder import Decoder
from edge.detection.event_stream import EventStream
from edge.model.inference import Model
from edge.model.library import shipped_model
from edge.model.score_stream import window_of
from edge.sources.source import Block
from sed.data.labels import Annotation
from sed.evaluation.metrics import segment_f1
from sed.sounds.synthetic import coloured_noise
from tests.conftest import DEMO

SECONDS = 60


def heard(model: Model, audio: NDArray[np.float32]) -> list[Annotation]:
    """What the model reports of 16 kHz audio, in seconds."""
    card = model.card
    event_stream = EventStream(model, window_of(card), Decoder(card.labels, card.decoding))
    events = event_stream.push(Block(audio[:, None], card.sample_rate)) + event_stream.flush()
    return [(e.onset_frame * card.frame_seconds, e.offset_frame * card.frame_seconds, e.label) for e in events]


def test_the_demo_recording_is_heard(model: Model, demo_audio: NDArray[np.float32]) -> None:
    """At least four classes at their places."""
    with DEMO.with_suffix(".tsv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    truth = [(float(row["onset"]), float(row["offset"]), row["event_label"]) for row in rows]
    scores = segment_f1({"demo": heard(model, demo_audio)}, {"demo": truth}, {"demo": len(demo_audio) / 16_000})
    assert sum(score >= 0.6 for score in scores.values()) >= 4, scores


@pytest.mark.parametrize("seed", range(4))
def test_a_bare_noise_bed_is_no_event(model: Model, seed: int) -> None:
    """Of any colour, at -50 dB."""
    noise = coloured_noise(np.random.default_rng(seed), SECONDS * 16_000, 16_000)
    assert [] == heard(model, noise * np.float32(10 ** (-50 / 20)))


def test_silence_is_no_event(model: Model) -> None:
    """Digital silence."""
    assert [] == heard(model, np.zeros(SECONDS * 16_000, dtype=np.float32))


@pytest.mark.parametrize("level", [0.01, 0.1, 0.9])
def test_a_tone_is_no_event(model: Model, level: float) -> None:
    """1 kHz, soft and loud."""
    time = np.arange(SECONDS * 16_000) / 16_000
    assert [] == heard(model, (level * np.sin(2 * np.pi * 1000 * time)).astype(np.float32))


def test_the_model_is_light() -> None:
    """At most a million parameters in the file."""
    weights = onnx.load(shipped_model()).graph.initializer
    assert 100_000 < sum(int(np.prod(tensor.dims)) for tensor in weights) <= 1_000_000


def test_the_card_carries_its_figures(model: Model) -> None:
    """Parity, and what was measured on the validation recordings."""
    assert model.card.parity["probability"] <= 2e-5
    assert model.card.validation["event_f1_macro"] >= 0.50
    assert model.card.validation["segment_f1_macro"] >= 0.72
    assert model.card.validation["intersection_f1_macro"] >= 0.70
    assert model.card.validation["psds1"] >= 0.45
    assert model.card.validation["reference_false_alarms_per_hour"] <= 60
    rate = AlarmRate.from_dict(model.card.validation)
    assert rate is not None and rate.bound_per_hour is not None
    assert rate.per_hour <= rate.bound_per_hour <= 140
    assert model.card.validation["onset_error_ms"] <= 50
