"""Examines the installation, the speed of the model and the sound of a source."""

import queue
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from edge.doctor.installation import check_installation, check_model
from edge.doctor.report import Finding, Report
from edge.doctor.sound_check import judge, measure
from edge.errors import SedError
from edge.model import Model
from edge.sources import CAMERA_NOTE, Block, ChannelChoice, Feed, Gap, Source, State

SOUND_SECONDS = 5.0
_TIMEOUT_SECONDS = 15.0  # for a source to deliver `SOUND_SECONDS`
_BURST_SECONDS = 2.0
_SLOWEST_PACE = 0.9
_LEAST_LOSS_SECONDS = 0.02
_GAP_ADVICE = {
    "decode": "the source is damaged: record it again, or look at the connection",
    "overrun": "this machine cannot keep up: let it do less",
    "reconnect": "the stream broke off: look at the network and the server",
    "device": "look at the microphone's plug and power",
}
_CAMERA_ADVICE = "--option allowed_media_types=video+audio"
_CAMERA_GAP = f"it was asked for its sound alone; give {_CAMERA_ADVICE}, and nothing is missed at the start"


def examine(
    model_path: Path, provider: str, threads: int, open_source: Callable[[], Source] | None, channel: str = "mix"
) -> Report:
    """Examine the installation, the model, and the source if there is one; what fails is a finding."""
    report = Report()
    rate = 0
    try:
        check_installation(report)
        model = Model(model_path, provider, threads)
        rate = model.card.sample_rate
        check_model(report, model, model_path, provider, threads)
    except SedError as exc:
        report.findings.append(Finding(True, str(exc)))
    if open_source is not None:
        try:
            _examine_source(report, open_source(), rate, channel)
        except SedError as exc:
            report.findings.append(Finding(True, str(exc)))
    return report


def _examine_source(report: Report, source: Source, model_rate: int, channel: str) -> None:
    choice = ChannelChoice(channel, source.name)
    recorded = _record(source)
    part: dict[str, Any] = {
        "source": source.name,
        "gaps": [gap._asdict() for gap in recorded.gaps],
        "states": [state._asdict() for state in recorded.states],
    }
    report.parts["sound"] = part
    if recorded.failure is not None:
        report.findings.append(Finding(True, str(recorded.failure)))
    report.findings += [Finding(True, state.detail) for state in recorded.states if state.state == "warning"]
    whole = any(CAMERA_NOTE in state.detail for state in recorded.states)
    if whole:
        report.findings.append(Finding(False, f"{CAMERA_NOTE}; {_CAMERA_ADVICE} asks for that at once"))
    for reason, advice in (_GAP_ADVICE | ({"reconnect": _CAMERA_GAP} if whole else {})).items():
        lost_seconds = sum(gap.seconds for gap in recorded.gaps if gap.reason == reason)
        if lost_seconds >= _LEAST_LOSS_SECONDS:
            report.findings.append(Finding(True, f"{lost_seconds:.2f} s of sound are missing ({reason}): {advice}"))
    if not recorded.blocks:
        if recorded.failure is None:
            came = "it ended without any sound" if recorded.ended else f"no sound came within {_TIMEOUT_SECONDS:g} s"
            report.findings.append(Finding(True, f"{came}; {_last_state(recorded.states)}"))
        return
    rate, channels = recorded.blocks[-1].sample_rate, recorded.blocks[-1].samples.shape[1]
    alike = [b.samples for b in recorded.blocks if (b.sample_rate, b.samples.shape[1]) == (rate, channels)]
    samples, warning = choice.take(np.concatenate(alike), rate)
    sound = measure(samples[: round(SOUND_SECONDS * rate)], rate)
    part |= sound.to_dict()
    report.findings += judge(sound, model_rate or rate, source.live)
    if warning is not None and not any("cancel" in finding.text for finding in report.findings):
        report.findings.append(Finding(True, warning))
    if source.live:
        part["pace"] = recorded.pace
        if recorded.pace is not None and recorded.pace < _SLOWEST_PACE:
            text = (
                f"its samples come at {recorded.pace:.2f} of the rate of {rate} Hz that it claims: frames are "
                "dropped, or the rate is wrong; try another rate, port or cable"
            )
            report.findings.append(Finding(True, text))


@dataclass
class _Recorded:
    """What a source delivered in a few seconds."""

    blocks: list[Block] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    arrivals: list[float] = field(default_factory=list)
    failure: SedError | None = None
    ended: bool = False

    @property
    def seconds(self) -> float:
        return sum(block.seconds for block in self.blocks) + sum(gap.seconds for gap in self.gaps)

    @property
    def pace(self) -> float | None:
        """Seconds of sound that come a second; None if too little came.

        What comes first may be old and come all at once.
        """
        passed = np.cumsum([block.seconds for block in self.blocks])
        first = int(np.searchsorted(passed, _BURST_SECONDS))
        if len(passed) < first + 2 or passed[-1] < SOUND_SECONDS - 0.5:
            return None
        return round(float(passed[-1] - passed[first]) / (self.arrivals[-1] - self.arrivals[first] + 1e-9), 3)


def _record(source: Source) -> _Recorded:
    recorded, end = _Recorded(), time.monotonic() + _TIMEOUT_SECONDS
    feed = Feed(source, capacity_seconds=2 * SOUND_SECONDS)
    try:
        while recorded.seconds < SOUND_SECONDS and not recorded.ended:
            item = feed.next(max(0.0, end - time.monotonic()))
            recorded.ended = item is None
            if isinstance(item, Block):
                recorded.blocks.append(item)
                recorded.arrivals.append(time.monotonic())
            elif isinstance(item, Gap):
                recorded.gaps.append(item)
            elif item is not None:
                recorded.states.append(item)
    except queue.Empty:
        pass
    except SedError as exc:
        recorded.failure = exc
    finally:
        feed.close()
    return recorded


def _last_state(states: list[State]) -> str:
    if not states:
        return "is the source running, and is it the right one?"
    return f"its last state is: {states[-1].state}, {states[-1].detail}"
