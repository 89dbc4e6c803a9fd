"""One graph, three uses: a stream says what the whole recording says."""

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.detection.decoder import Decoder
from edge.detection.event_stream import EventStream
from edge.detection.events import Event
from edge.model.inference import Model, Step
from edge.model.score_stream import ScoreStream, Window, window_of
from edge.sources.source import Block

Floats = NDArray[np.float32]


class Watched:
    """A model that remembers the steps it took."""

    def __init__(self, model: Model) -> None:
        self.card, self.embedding_size = model.card, model.embedding_size
        self._model = model
        self.steps: list[Step] = []

    def step(self, audio: Floats, embeddings: Floats) -> Step:
        self.steps.append(self._model.step(audio, embeddings))
        return self.steps[-1]


def none(model: Model) -> Floats:
    """M = 0."""
    return np.zeros((1, 0, model.embedding_size), dtype=np.float32)


def silence(samples: int) -> Floats:
    """Before the source."""
    return np.zeros(samples, dtype=np.float32)


def log_of(model: Model, audio: Floats, piece: int) -> list[Event]:
    """The events of a recording at 16 kHz that comes in pieces."""
    card = model.card
    event_stream = EventStream(model, window_of(card), Decoder(card.labels, card.decoding))
    events = []
    for start in range(0, len(audio), piece):
        events += event_stream.push(Block(audio[start : start + piece, None], card.sample_rate))
    return events + event_stream.flush()


@pytest.mark.parametrize("piece", [1, 7, 160, 1000, 15_999, 16_000, 16_001])
def test_any_pieces_give_the_same_log(model: Model, demo_audio: Floats, piece: int) -> None:
    """To the bit: onsets, offsets, confidences."""
    audio = demo_audio[: 300_000 * piece]
    whole = log_of(model, audio, len(audio))
    assert whole == log_of(model, audio, piece) != []


@pytest.mark.parametrize("hop", [0.05, 0.25, 1.0, 3.0])
def test_streamed_embeddings_equal_those_of_the_whole_recording(model: Model, demo_audio: Floats, hop: float) -> None:
    """Step by step, or all at once after silence."""
    card = model.card
    seconds = 12 if hop == 0.05 else 48
    audio = demo_audio[: seconds * card.sample_rate]
    watched = Watched(model)
    window = window_of(card, hop_seconds=hop)
    ScoreStream(watched, window).push(audio)
    streamed = np.concatenate([step.embeddings[0, -window.hop_frames :] for step in watched.steps[1:]])
    whole = model.step(np.concatenate([silence(card.context_samples), audio])[None], none(model)).embeddings[0]
    np.testing.assert_allclose(streamed, whole, atol=1e-5)


@pytest.mark.parametrize("hop", [0.1, 0.25, 1.0])
def test_streamed_scores_equal_those_of_the_window_from_scratch(model: Model, demo_audio: Floats, hop: float) -> None:
    """Each window again with M = 0, its audio after its true context."""
    card = model.card
    watched = Watched(model)
    window = window_of(card, hop_seconds=hop)
    ScoreStream(watched, window).push(demo_audio[: 14 * card.sample_rate])
    reach = card.context_samples + (window.window_frames + card.grid_frames) * card.frame_samples
    before = np.concatenate([silence(reach), demo_audio])
    for index, step in enumerate(watched.steps[1:], start=1):
        stop = reach + index * window.hop_frames * card.frame_samples
        samples = card.context_samples + step.scores.shape[1] * card.frame_samples
        scratch = model.step(before[None, stop - samples : stop], none(model))
        np.testing.assert_allclose(step.scores, scratch.scores, atol=1e-5)
        np.testing.assert_allclose(step.clip_scores, scratch.clip_scores, atol=1e-5)


def test_emitted_scores_are_the_windows_middle(model: Model, demo_audio: Floats) -> None:
    """Of each window come the frames that lie one lookahead before its end."""
    watched = Watched(model)
    window = Window(60, 10, 5)
    pieces = ScoreStream(watched, window).push(demo_audio[: 10 * 16_000])
    for piece, step in zip(pieces[1:], watched.steps[2:], strict=True):
        np.testing.assert_array_equal(piece, step.scores[0, -15:-5])


@pytest.mark.parametrize("hop", [0.05, 0.15, 0.25, 1.0])
def test_windows_begin_on_the_heads_grid(model: Model, demo_audio: Floats, hop: float) -> None:
    """So that a coarse frame is made of the same frames in every window, whatever the hop."""
    watched = Watched(model)
    window = window_of(model.card, hop_seconds=hop)
    ScoreStream(watched, window).push(demo_audio[: 3 * 16_000])
    lengths = [step.scores.shape[1] for step in watched.steps[1:]]
    begins = [index * window.hop_frames - length for index, length in enumerate(lengths, start=1)]
    assert {0} == {begin % model.card.grid_frames for begin in begins}
    assert all(0 <= length - window.window_frames < model.card.grid_frames for length in lengths)


def test_a_short_recording_in_one_step_equals_the_stream(model: Model, demo_audio: Floats) -> None:
    """A recording of one window, after a window of silence, by anybody's program that knows nothing of streams."""
    card = model.card
    frames = card.window_frames // 2
    audio = demo_audio[: frames * card.frame_samples]
    stream = ScoreStream(model, Window(card.window_frames, frames, 0))
    scores = np.concatenate(stream.push(audio) + stream.flush())
    samples = card.context_samples + (card.window_frames - frames) * card.frame_samples
    whole = model.step(np.concatenate([silence(samples), audio])[None], none(model)).scores[0, -frames:]
    np.testing.assert_allclose(scores, whole, atol=1e-5)


def test_the_decoder_gives_the_same_events_either_way(model: Model, demo_audio: Floats) -> None:
    """Scores frame by frame, or all at once."""
    card = model.card
    stream = ScoreStream(model, window_of(card))
    scores = np.concatenate(stream.push(demo_audio) + stream.flush())
    decoder = Decoder(card.labels, card.decoding)
    offline = decoder.push(scores) + decoder.flush()
    online = [event for frame in scores for event in decoder.push(frame[None])] + decoder.flush()
    order = [(event.onset_frame, event.offset_frame, event.label) for event in online]
    assert sorted(offline, key=lambda e: (e.onset_frame, e.offset_frame, e.label)) == [
        event for _, event in sorted(zip(order, online, strict=True), key=lambda pair: pair[0])
    ]
    assert [] != offline
