"""Another model takes over while sources are heard."""

import dataclasses
import threading
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.detection.decoder import Decoder
from edge.errors import SettingError
from edge.log.records import Record
from edge.log.sinks import MemorySink
from edge.model.inference import Floats, Model, Step
from edge.model.score_stream import Window, window_of
from edge.session.runtime import listen
from edge.session.succession import Succession, Successor, require_same_frames
from edge.sources.source import Block, Item


class Doubtful:
    """A model that is less sure: its scores are the squares of another model's."""

    def __init__(self, model: Model) -> None:
        self.card, self.embedding_size, self._model = model.card, model.embedding_size, model

    def step(self, audio: Floats, embeddings: Floats) -> Step:
        step = self._model.step(audio, embeddings)
        return step._replace(scores=step.scores**2)


class Gated:
    """A file in pieces of 0.37 s that waits after ten seconds until a gate opens."""

    live = False

    def __init__(self, audio: NDArray[np.float32], name: str, gate: threading.Event) -> None:
        self._audio, self.name, self._gate = audio, name, gate

    def items(self, stopping: threading.Event) -> Iterator[Item]:  # noqa: ARG002
        for start in range(0, len(self._audio), 5_920):
            if start > 160_000:
                self._gate.wait()
            yield Block(self._audio[start : start + 5_920, None], 16_000)


class Announcing(MemorySink):
    """Sets the newest models, and opens the gate, once both sources have an event."""

    def __init__(self, succession: Succession, gate: threading.Event, newest: Sequence[Successor]) -> None:
        super().__init__()
        self._succession, self._gate, self._newest = succession, gate, newest

    def write(self, record: Record) -> None:
        super().write(record)
        if not self._gate.is_set() and 2 == len({one["source"] for one in self.records if one["type"] == "event"}):
            for successor in self._newest:
                self._succession.newest = successor
            self._gate.set()


def successor_of(model: Doubtful | Model) -> Successor:
    return Successor(model, lambda: Decoder(model.card.labels, model.card.decoding), "0" * 64)


def log_of(model: Doubtful | Model, audio: NDArray[np.float32], *newest: Successor) -> list[Record]:
    """The log of two sources; the newest models are there after some seconds of both."""
    succession, gate = Succession(), threading.Event()
    kept = Announcing(succession, gate, newest)
    listen(
        [Gated(audio, name, gate) for name in ("first", "second")],
        model,
        window_of(model.card),
        lambda: Decoder(model.card.labels, model.card.decoding),
        kept,
        stopping=threading.Event(),
        succession=succession,
    )
    return kept.records


def heard(log: list[Record], source: str) -> list[tuple[str, float, float, float]]:
    return [
        (one["label"], one["onset"], one["offset"], one["confidence"])
        for one in log
        if one["type"] == "event" and one["source"] == source and one["closed_by"] != "model"
    ]


def test_events_are_those_of_the_two_models(model: Model, demo_audio: NDArray[np.float32]) -> None:
    """Before the frame at which the other takes over, and after it; nothing is lost between, in any source."""
    other = Doubtful(model)
    old, new = log_of(model, demo_audio), log_of(other, demo_audio)
    log = log_of(model, demo_audio, successor_of(other))
    for source in ("first", "second"):
        (record,) = [one for one in log if one["type"] == "model" and one["source"] == source]
        at = record["onset"]
        assert 12 < at < 25, record
        cut = [one for one in log if one["type"] == "event" and one["closed_by"] == "model"]
        assert all(one["offset"] <= at for one in cut if one["source"] == source)
        expected = [one for one in heard(old, source) if one[2] < at]
        expected += [one for one in heard(new, source) if one[1] > at]
        assert expected == [one for one in heard(log, source) if one[1] != at]
        (stats,) = [one for one in log if one["type"] == "stats" and one["source"] == source]
        assert (len(demo_audio) / 16_000, 0.0) == (pytest.approx(stats["audio_seconds"]), stats["gap_seconds"])


def test_of_two_models_at_once_the_newest_takes_over(model: Model, demo_audio: NDArray[np.float32]) -> None:
    """Once in each source."""
    log = log_of(model, demo_audio, successor_of(Doubtful(model)), successor_of(model))
    assert ["first", "second"] == sorted(one["source"] for one in log if one["type"] == "model")
    assert heard(log_of(model, demo_audio), "first")[-3:] == heard(log, "first")[-3:]


def test_a_model_in_other_frames_is_refused(model: Model) -> None:
    """It would need another resampler, another decoder and other outputs."""
    card, window = model.card, window_of(model.card)
    other = dataclasses.replace(card, frame_samples=400)
    with pytest.raises(SettingError, match=r"has a frame_samples of 400, .* restart sed-stream"):
        require_same_frames(card, other, window, window)
    with pytest.raises(SettingError, match="restart sed-stream"):
        require_same_frames(card, card, window, Window(100, 20, 40))
