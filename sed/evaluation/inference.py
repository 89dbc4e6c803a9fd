"""Runs a model once on a whole recording: frame scores by the sliding window, events by the runtime's decoder."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.detection import Decoder
from edge.errors import SourceError
from edge.log import Timeline, event_record
from edge.model import Card, Floats, RingBuffer, ScoreStream, StepModel, window_of
from edge.sources import AudioFile, mono_blocks
from sed.data import Annotation
from sed.evaluation.recordings import Recording


@dataclass(frozen=True, kw_only=True)
class RecordingResult:
    """Scores and events of a model on a recording.

    Attributes:
        recording: with its truth.
        scores: `[frames, classes]`, as the runtime emits them; without frames if no metric uses them.
        clip_scores: `[classes]`, pooled over each window by itself; the maximum over windows.
        events: as the runtime logs them.
        seconds: length of the recording.
    """

    recording: Recording
    scores: Floats
    clip_scores: Floats
    events: tuple[Annotation, ...]
    seconds: float

    @property
    def name(self) -> str:
        """Its path, which is its key in the metrics."""
        return str(self.recording.path)

    @property
    def logged_seconds(self) -> float:
        """Its length in whole ms, as in the log: the latest offset of an event."""
        return round(self.seconds, 3)


def run_on_recording(model: StepModel, recording: Recording) -> RecordingResult:
    """Run a model on a recording, block by block: only its scores are kept.

    Parts of a damaged file that cannot be decoded are silence here; in the log of the runtime they are gaps.

    Raises:
        SourceError: if it cannot be opened or read, or contains no samples.
    """
    card = model.card
    stream, clip = ScoreStream(model, window_of(card)), _ClipScorer(model)
    scores, samples = [np.zeros((0, len(card.labels)), dtype=np.float32)], 0
    for block in _blocks(recording.path, card.sample_rate):
        scores += stream.push(block)
        clip.push(block)
        samples += len(block)
    if samples == 0:
        raise SourceError(f"{recording.path}: contains no samples; expected one or more, leave it out")
    all_scores = np.concatenate(scores + stream.flush())
    return RecordingResult(
        recording=recording,
        scores=all_scores,
        clip_scores=clip.flush(),
        events=_events(card, all_scores, samples),
        seconds=samples / card.sample_rate,
    )


def _blocks(path: Path, sample_rate: int) -> Iterator[Floats]:
    """The blocks of a file, as mono at `sample_rate`."""
    with AudioFile(path) as file:
        yield from mono_blocks(file, sample_rate)


def decode_again(card: Card, result: RecordingResult) -> RecordingResult:
    """The same scores, with the events that the runtime logs with the decoder settings of this card."""
    samples = round(result.seconds * card.sample_rate)
    return dataclasses.replace(result, events=_events(card, result.scores, samples))


def _events(card: Card, scores: Floats, samples: int) -> tuple[Annotation, ...]:
    decoder, timeline = Decoder(card.labels, card.decoding), Timeline(card.sample_rate)
    records = (event_record(0, event, card, timeline, samples) for event in decoder.push(scores) + decoder.flush())
    return tuple((record["onset"], record["offset"], record["label"]) for record in records)


class _ClipScorer:
    """Computes clip scores window by window, each with its real context; a short recording is one window.

    The last window is padded with silence to whole frames.
    """

    def __init__(self, model: StepModel) -> None:
        self._model, card = model, model.card
        self._window_samples = card.window_frames * card.frame_samples
        self._ring = RingBuffer(card.context_samples + self._window_samples)
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
        """Return the maximum of each class over all windows: `[classes]`."""
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
