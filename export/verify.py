"""Does a model file do on this machine what it promises? By the runtime alone, without torch.

A stream must say what every window says from scratch, and two precisions of one network must hear the same.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from edge.card import Card
from edge.decoder import Decoder
from edge.errors import SettingError
from edge.events import Event
from edge.inference import Floats, Step
from edge.stream import ScoreStream, StepModel, Window, window_of
from sed.synthetic import coloured_noise


class Limits(NamedTuple):
    """How near a precision must come.

    Attributes:
        score: greatest difference from the trained network in any probability.
        stream: greatest difference of a stream from the same windows from scratch.
        event_f1: least agreement of its log with that of the trained network.
    """

    score: float
    stream: float
    event_f1: float


# Eight bits differ by more than rounding, most of all where a class is in doubt: their limit on scores only catches a
# graph that is broken.
LIMITS = {
    "fp32": Limits(score=2e-5, stream=1e-5, event_f1=0.98),
    "fp16": Limits(score=1e-2, stream=1e-2, event_f1=0.98),
    "int8": Limits(score=0.5, stream=0.1, event_f1=0.9),
}

ONSET_COLLAR_SECONDS = OFFSET_COLLAR_SECONDS = OFFSET_COLLAR_RATE = 0.2
_WINDOWS = 60  # compared with scratch in one recording
_LEAST_EVENTS = 10  # in each log, on average: one event more or less of fewer would say nothing
CHIRPS = "chirps over faint noise"


class Agreement(NamedTuple):
    """Two models on one recording: greatest difference in a score, and events that they share of those they report."""

    score: float
    shared_events: int
    reported_events: tuple[int, int]


class Finding(NamedTuple):
    """What one recording shows: `stream_difference` by hop in frames, and the agreement with the other model."""

    stream: dict[int, float]
    agreement: Agreement | None


def examine(model: StepModel, other: StepModel | None, audio: Floats) -> Finding:
    """Put a model to the test with one recording.

    Args:
        model: what is judged.
        other: what it must agree with, if anything.
        audio: `[samples]` at the model's rate.
    """
    window = window_of(model.card)
    hops = sorted({max(1, window.hop_frames // 4), window.hop_frames})
    return Finding(
        stream={hop: stream_difference(model, audio, window._replace(hop_frames=hop)) for hop in hops},
        agreement=None if other is None else agreement(model, other, audio),
    )


def table(found: Mapping[str, Finding]) -> str:
    """The findings by recording, for people."""
    width = max(len("recording"), *map(len, found))
    head = f"{'recording':{width}}  stream - scratch"
    if all(finding.agreement for finding in found.values()):
        head += "  score - other's  events  other's  shared"
    lines = [head]
    for name, finding in found.items():
        line = f"{name:{width}}  {max(finding.stream.values()):16.1e}"
        if finding.agreement is not None:
            (ours, theirs), shared = finding.agreement.reported_events, finding.agreement.shared_events
            line += f"  {finding.agreement.score:15.1e}  {ours:6d}  {theirs:7d}  {shared:6d}"
        lines.append(line)
    return "\n".join(lines)


def failures(found: Mapping[str, Finding], limits: Limits) -> list[str]:
    """What does not keep to the limits, a sentence each, with the recording and the figure."""
    said = []
    for name, finding in found.items():
        for hop, difference in finding.stream.items():
            if not difference <= limits.stream:
                said.append(
                    f"{name}: the stream with a hop of {hop} frames differs from its windows from scratch by "
                    f"{difference:.1e}, expected at most {limits.stream:g}"
                )
        if finding.agreement is not None and not finding.agreement.score <= limits.score:
            said.append(
                f"{name}: a score differs from the other model's by {finding.agreement.score:.1e}, "
                f"expected at most {limits.score:g}"
            )
    shared = event_f1(found)
    if shared is not None and not shared >= limits.event_f1:
        said.append(f"event F1 between the two logs is {shared:.3f}, expected at least {limits.event_f1:g}")
    return said


def summary(found: Mapping[str, Finding], limits: Limits) -> str:
    """One sentence for findings that keep to the limits."""
    worst = max(difference for finding in found.values() for difference in finding.stream.values())
    said = f"stream equals scratch within {worst:.1e} (limit {limits.stream:g})"
    scores = [finding.agreement.score for finding in found.values() if finding.agreement is not None]
    if scores:
        shared = event_f1(found)
        logs = (
            "too few events to compare logs, give recordings with more" if shared is None else f"event F1 {shared:.3f}"
        )
        said += f"; the two agree within {max(scores):.1e} (limit {limits.score:g}), {logs}"
    return said


def stream_difference(model: StepModel, audio: Floats, window: Window) -> float:
    """Stream a recording, and compare windows of it with the same windows from scratch.

    Args:
        model: takes the steps.
        audio: `[samples]` at the model's rate.
        window: in frames.

    Returns:
        The greatest difference in any score of up to 60 windows, spread over the recording.
    """
    card = model.card
    watched = _Watched(model)
    ScoreStream(watched, window).push(audio)
    frame, samples = card.frame_samples, card.context_samples + window.window_frames * card.frame_samples
    before = np.concatenate([np.zeros(samples, dtype=np.float32), audio])
    none = np.zeros((1, 0, model.embedding_size), dtype=np.float32)
    worst = 0.0
    steps = watched.scores[1:]  # the first is silence, before the recording
    for index in np.unique(np.linspace(0, len(steps) - 1, _WINDOWS).round().astype(int)) if steps else []:
        stop = samples + (index + 1) * window.hop_frames * frame
        scratch = model.step(before[None, stop - samples : stop], none)
        worst = float(np.maximum(worst, np.abs(steps[index] - scratch.scores).max()))  # keeps a NaN
    return worst


def agreement(model: StepModel, other: StepModel, audio: Floats) -> Agreement:
    """Let two models hear a recording.

    Args:
        model: one.
        other: a model of the same labels, rates and window.
        audio: `[samples]` at their rate.
    """
    (scores, events), (other_scores, other_events) = _heard(model, audio), _heard(other, audio)
    return Agreement(
        score=float(np.abs(scores - other_scores).max(initial=0.0)),
        shared_events=shared_events(events, other_events, model.card.frame_seconds),
        reported_events=(len(events), len(other_events)),
    )


def event_f1(found: Mapping[str, Finding]) -> float | None:
    """Event-based F1 of one model's logs against the other's; None where they report too few to judge by."""
    agreements = [finding.agreement for finding in found.values() if finding.agreement is not None]
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
    """Two files that are to be compared must mean the same by a frame and a class.

    Raises:
        SettingError: naming what differs.
    """
    names = ("labels", "sample_rate", "frame_samples", "context_samples", "window_frames", "hop_frames")
    for name in (*names, "lookahead_frames"):
        ours, theirs = getattr(card, name), getattr(other, name)
        if ours != theirs:
            raise SettingError(
                f"the two are not one network: {name} is {ours} in {card.model_id} and {theirs} in {other.model_id}; "
                "give two exports of one checkpoint, or a file and its checkpoint"
            )


def made_signals(sample_rate: int, samples: int) -> dict[str, Floats]:
    """One recording of each kind of sound that has made trouble somewhere, by name."""
    noise = coloured_noise(np.random.default_rng(0), samples, sample_rate)
    seconds = np.arange(samples) / sample_rate
    chirps = np.sin(2 * np.pi * (50 + 300 * seconds) * seconds) * (np.sin(2 * np.pi * 0.7 * seconds) > 0.6)
    signals = {
        "silence": np.zeros(samples),
        "noise": 0.1 * noise,
        "noise of level 1e-4": 1e-4 * noise,
        "one least significant bit": np.sign(noise) / 32768,
        "one impulse": np.arange(samples) == samples // 2,
        "full-scale clipping": np.clip(3.0 * noise, -1.0, 1.0),
        CHIRPS: 0.8 * chirps + 0.001 * noise,
    }
    return {name: signal.astype(np.float32) for name, signal in signals.items()}


class _Watched:
    """A model whose scores are kept."""

    def __init__(self, model: StepModel) -> None:
        self.card, self.embedding_size = model.card, model.embedding_size
        self._model = model
        self.scores: list[Floats] = []

    def step(self, audio: Floats, embeddings: Floats) -> Step:
        step = self._model.step(audio, embeddings)
        self.scores.append(step.scores)
        return step


def _heard(model: StepModel, audio: Floats) -> tuple[Floats, list[Event]]:
    """Scores `[frames, classes]` and events of a recording."""
    card = model.card
    stream, decoder = ScoreStream(model, window_of(card)), Decoder(card.labels, card.decoding)
    scores = np.concatenate([np.zeros((0, len(card.labels)), dtype=np.float32), *stream.push(audio), *stream.flush()])
    return scores, decoder.push(scores) + decoder.flush()


def _same(event: Event, other: Event, frame_seconds: float) -> bool:
    onset, offset = abs(event.onset_frame - other.onset_frame), abs(event.offset_frame - other.offset_frame)
    collar = max(OFFSET_COLLAR_SECONDS, OFFSET_COLLAR_RATE * (other.offset_frame - other.onset_frame) * frame_seconds)
    return (
        event.label == other.label
        and onset * frame_seconds <= ONSET_COLLAR_SECONDS + 1e-9
        and offset * frame_seconds <= collar + 1e-9
    )
