"""A model hears a whole recording once: frame scores by the sliding window, events by the decoder that ships."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.detection import Decoder
from edge.errors import SourceError
from edge.log import Timeline, event_record
from edge.model import Card, Floats, Ring, ScoreStream, StepModel, window_of
from edge.sources import AudioFile, Resampler
from sed.data import Annotation
from sed.evaluation.recordings import Recording


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What a model made of a recording.

    Attributes:
        recording: what was listened to.
        scores: `[frames, classes]`, as the runtime emits them; no frames where `judging` has no use for them.
        clip_scores: `[classes]`, pooled over windows from scratch, the greatest where there are several.
        events: what the runtime logs.
        seconds: length of the recording.
    """

    recording: Recording
    scores: Floats
    clip_scores: Floats
    events: tuple[Annotation, ...]
    seconds: float

    @property
    def name(self) -> str:
        """Its path, by which metrics know it."""
        return str(self.recording.path)

    @property
    def logged_seconds(self) -> float:
        """Its length as the log has it, in whole ms: where its last event may end."""
        return round(self.seconds, 3)


def hear(model: StepModel, recording: Recording) -> Heard:
    """Let a model listen to a recording, piece by piece: only its scores are kept.

    What cannot be decoded of a damaged file is silence here; in the log of the device it is a gap.

    Raises:
        SourceError: if it cannot be opened or read, or holds no sample.
    """
    card = model.card
    stream, clip = ScoreStream(model, window_of(card)), _ClipScorer(model)
    scores, samples = [np.zeros((0, len(card.labels)), dtype=np.float32)], 0
    for piece in _pieces(recording.path, card.sample_rate):
        scores += stream.push(piece)
        clip.push(piece)
        samples += len(piece)
    if samples == 0:
        raise SourceError(f"{recording.path}: holds no sound; expected one sample or more, leave it out")
    joined = np.concatenate(scores + stream.flush())
    return Heard(
        recording=recording,
        scores=joined,
        clip_scores=clip.flush(),
        events=_events(card, joined, samples),
        seconds=samples / card.sample_rate,
    )


def _pieces(path: Path, sample_rate: int) -> Iterator[Floats]:
    """A file as mono at `sample_rate`, as it comes."""
    with AudioFile(path) as file:
        resampler = Resampler(file.sample_rate, sample_rate)
        for piece in file.pieces():
            yield resampler.push(piece.samples)
        yield resampler.flush()


def decoded(card: Card, heard: Heard) -> Heard:
    """The same scores, with the events that the runtime logs by the settings of this card."""
    samples = round(heard.seconds * card.sample_rate)
    return dataclasses.replace(heard, events=_events(card, heard.scores, samples))


def _events(card: Card, scores: Floats, samples: int) -> tuple[Annotation, ...]:
    decoder, timeline = Decoder(card.labels, card.decoding), Timeline(card.sample_rate)
    records = (event_record(0, event, card, timeline, samples) for event in decoder.push(scores) + decoder.flush())
    return tuple((record["onset"], record["offset"], record["label"]) for record in records)


class _ClipScorer:
    """Clip scores of a recording: of one window from scratch after another, each after its true context.

    The last is filled up with silence to whole frames. A recording that fits the window is heard in one.
    """

    def __init__(self, model: StepModel) -> None:
        self._model, card = model, model.card
        self._window_samples = card.window_frames * card.frame_samples
        self._ring = Ring(card.context_samples + self._window_samples)
        self._heard_samples = 0
        self._most = np.zeros(len(card.labels), dtype=np.float32)

    def push(self, samples: Floats) -> None:
        """Take `[samples]` at the card's rate."""
        while len(samples) > 0:
            taken = self._window_samples - self._waiting_samples
            self._ring.append(samples[:taken])
            samples = samples[taken:]
            if self._waiting_samples == self._window_samples:
                self._hear()

    def flush(self) -> Floats:
        """Return the greatest score of each class: `[classes]`."""
        if self._waiting_samples > 0:
            self._ring.append(np.zeros(-self._waiting_samples % self._model.card.frame_samples, dtype=np.float32))
            self._hear()
        return self._most

    @property
    def _waiting_samples(self) -> int:
        return self._ring.end - self._heard_samples

    def _hear(self) -> None:
        audio = self._ring.read(self._heard_samples - self._model.card.context_samples, self._ring.end)
        none = np.zeros((1, 0, self._model.embedding_size), dtype=np.float32)
        self._most = np.maximum(self._most, self._model.step(audio[None], none).clip_scores[0])
        self._heard_samples = self._ring.end
