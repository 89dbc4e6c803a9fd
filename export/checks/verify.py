"""Checks a model file on this machine, by the runtime alone, without torch.

A stream must give the scores of each window computed from scratch, and two precisions of one network the same events.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np

from edge.model import Floats, ScoreStream, Step, StepModel, Window, window_of
from export.checks.agreement import Agreement, agreement, event_f1


class Limits(NamedTuple):
    """The greatest differences that a precision may show.

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
    "fp16": Limits(score=1e-2, stream=1e-3, event_f1=0.98),
    "int8": Limits(score=0.5, stream=1e-5, event_f1=0.9),
}

_WINDOWS = 60  # compared with scratch in one recording


class Finding(NamedTuple):
    """What one recording shows: `stream_difference` by hop in frames, and the agreement with the other model."""

    stream: dict[int, float]
    agreement: Agreement | None


def examine(model: StepModel, other: StepModel | None, audio: Floats) -> Finding:
    """Examine a model on one recording.

    Args:
        model: to examine.
        other: a model that it must agree with, if any.
        audio: `[samples]` at the model's rate.
    """
    window = window_of(model.card)
    hops = sorted({max(1, window.hop_frames // 4), window.hop_frames})
    return Finding(
        stream={hop: stream_difference(model, audio, window._replace(hop_frames=hop)) for hop in hops},
        agreement=None if other is None else agreement(model, other, audio),
    )


def table(found: Mapping[str, Finding]) -> str:
    """The findings by recording, as a table of text."""
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


def limits_of(precision: str, other: str) -> Limits:
    """A stream must equal itself as its own precision can; two models agree as the coarser of them can.

    Args:
        precision: of the model that is examined.
        other: of the model that it is compared with.
    """
    return max(LIMITS[precision], LIMITS[other], key=lambda limits: limits.score)._replace(
        stream=LIMITS[precision].stream
    )


def failures(found: Mapping[str, Finding], limits: Limits) -> list[str]:
    """A sentence for each limit that is exceeded, with the recording and the figure."""
    exceeded = []
    for name, finding in found.items():
        for hop, difference in finding.stream.items():
            if not difference <= limits.stream:
                exceeded.append(
                    f"{name}: the stream with a hop of {hop} frames differs from its windows from scratch by "
                    f"{difference:.1e}, expected at most {limits.stream:g}"
                )
        if finding.agreement is not None and not finding.agreement.score <= limits.score:
            exceeded.append(
                f"{name}: a score differs from the other model's by {finding.agreement.score:.1e}, "
                f"expected at most {limits.score:g}"
            )
    shared = event_f1(_agreements(found))
    if shared is not None and not shared >= limits.event_f1:
        exceeded.append(f"event F1 between the two logs is {shared:.3f}, expected at least {limits.event_f1:g}")
    return exceeded


def summary(found: Mapping[str, Finding], limits: Limits) -> str:
    """One sentence for findings that keep to the limits."""
    worst = max(difference for finding in found.values() for difference in finding.stream.values())
    text = f"stream equals scratch within {worst:.1e} (limit {limits.stream:g})"
    agreements = _agreements(found)
    if agreements:
        score = max(one.score for one in agreements)
        shared = event_f1(agreements)
        logs = (
            "too few events to compare logs, give recordings with more" if shared is None else f"event F1 {shared:.3f}"
        )
        text += f"; the two agree within {score:.1e} (limit {limits.score:g}), {logs}"
    return text


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
    hop_samples = window.hop_frames * card.frame_samples
    steps = len(audio) // hop_samples
    chosen = np.unique(np.linspace(0, steps - 1, min(steps, _WINDOWS)).round().astype(int)).tolist()
    recorder = _Recorder(model, chosen)
    ScoreStream(recorder, window).push(audio)
    reach = card.context_samples + (window.window_frames + card.grid_frames) * card.frame_samples
    before = np.concatenate([np.zeros(reach, dtype=np.float32), audio])
    none = np.zeros((1, 0, model.embedding_size), dtype=np.float32)
    worst = 0.0
    for step, scores in recorder.scores.items():
        stop = reach + (step + 1) * hop_samples
        samples = card.context_samples + scores.shape[1] * card.frame_samples
        scratch = model.step(before[None, stop - samples : stop], none)
        worst = float(np.maximum(worst, np.abs(scores - scratch.scores).max()))  # keeps a NaN
    return worst


def _agreements(found: Mapping[str, Finding]) -> list[Agreement]:
    return [finding.agreement for finding in found.values() if finding.agreement is not None]


class _Recorder:
    """A model that keeps the scores of some of its steps."""

    def __init__(self, model: StepModel, chosen: Collection[int]) -> None:
        self.card, self.embedding_size = model.card, model.embedding_size
        self._model, self._chosen = model, chosen
        self._number = -1  # the first step is of silence, before the recording
        self.scores: dict[int, Floats] = {}

    def step(self, audio: Floats, embeddings: Floats) -> Step:
        step = self._model.step(audio, embeddings)
        if self._number in self._chosen:
            self.scores[self._number] = step.scores
        self._number += 1
        return step
