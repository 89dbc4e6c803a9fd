"""What a person asks first when a device hears nothing: the installation, the model's speed, the sound of a source."""

import importlib.metadata
import json
import os
import platform
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from edge.errors import InstallError, SedError
from edge.inference import Model
from edge.providers import gpu_seen, import_onnxruntime, onnxruntime_packages, open_session, why_no_cuda
from edge.sound_check import Finding, judge, measure
from edge.sources import Block, Gap, Source

SOUND_SECONDS = 5.0
_PATIENCE_SECONDS = 15.0  # until a source must have said so much
_STEPS = 20
_BUSY_SHARE = 0.5  # of the hop, that a step may take before it is worth a word
_PACKAGES = ("sed-edge", "numpy", "onnxruntime", "onnxruntime-gpu", "av", "soxr", "sounddevice", "click")


@dataclass
class Report:
    """What was found, by part, and what is to be said of it."""

    parts: dict[str, dict[str, Any]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def fine(self) -> bool:
        """Whether nothing is wrong."""
        return not any(finding.wrong for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**self.parts, "findings": [finding._asdict() for finding in self.findings], "fine": self.fine}


def examine(model_path: Path, provider: str, threads: int, open_source: Callable[[], Source] | None) -> Report:
    """Examine the installation, the model, and the source if there is one; what fails is a finding."""
    report = Report()
    rate = 0
    try:
        _examine_installation(report)
        model = Model(model_path, provider, threads)
        rate = model.card.sample_rate
        _examine_model(report, model, model_path, provider, threads)
    except SedError as exc:
        report.findings.append(Finding(True, str(exc)))
    if open_source is not None:
        try:
            _examine_source(report, open_source(), rate)
        except SedError as exc:
            report.findings.append(Finding(True, str(exc)))
    return report


def _examine_installation(report: Report) -> None:
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    report.parts["versions"] = {**versions, "ffmpeg": _ffmpeg_version(), "portaudio": _portaudio_version()}
    report.parts["machine"] = {"processor": platform.machine(), "cores": len(os.sched_getaffinity(0))}
    for package in onnxruntime_packages():
        report.findings += known_troubles(versions[package], platform.machine())
    onnxruntime = import_onnxruntime()
    why_not = why_no_cuda(onnxruntime)
    report.parts["providers"] = {
        "available": [_short(name) for name in onnxruntime.get_available_providers()],
        "cuda": "nothing is against it" if why_not is None else f"cannot be had: {why_not}",
    }
    if why_not is not None and gpu_seen():
        report.findings.append(Finding(False, f"a GPU seems to be here and cannot be used: {why_not}"))


def known_troubles(onnxruntime_version: str, processor: str) -> list[Finding]:
    """What is known to go wrong with a version of ONNX Runtime on a processor.

    >>> known_troubles("1.25.1", "aarch64")[0].text
    "onnxruntime 1.25.1 leaks memory on Arm: run pip install --upgrade 'sed-edge[cpu]'"
    >>> known_troubles("1.25.1", "x86_64")
    []
    """
    version = tuple(int(part) for part in onnxruntime_version.split(".")[:3] if part.isdigit())
    upgrade = "run pip install --upgrade 'sed-edge[cpu]'"
    if (1, 24) <= version <= (1, 26, 0) and processor.lower().startswith(("arm", "aarch")):
        return [Finding(True, f"onnxruntime {onnxruntime_version} leaks memory on Arm: {upgrade}")]
    if version < (1, 21):
        return [Finding(True, f"onnxruntime {onnxruntime_version} is older than 1.21, the oldest supported: {upgrade}")]
    return []


def _examine_model(report: Report, model: Model, path: Path, provider: str, threads: int) -> None:
    card = model.card
    fresh = np.random.default_rng(0).uniform(-0.1, 0.1, card.context_samples + card.hop_frames * card.frame_samples)
    audio = fresh.astype(np.float32)[None]
    embeddings = np.zeros((1, card.window_frames - card.hop_frames, model.embedding_size), dtype=np.float32)
    seconds = []
    for _ in range(_STEPS):
        began = time.perf_counter()
        model.step(audio, embeddings)
        seconds.append(time.perf_counter() - began)
    step, hop = float(np.median(seconds)), card.hop_frames * card.frame_seconds
    report.parts["model"] = {
        "path": str(path),
        "model": card.model_id,
        "nodes": _nodes(path, provider, threads, {"audio": audio, "embeddings": embeddings}),
        "step_seconds": round(step, 6),
        "hop_seconds": hop,
    }
    if step > _BUSY_SHARE * hop:
        text = (
            f"a step of the model takes {step:.3g} s of each {hop:g} s: give a greater --hop, more --threads, or "
            "another model"
        )
        report.findings.append(Finding(step > hop, text))


def _nodes(path: Path, provider: str, threads: int, inputs: dict[str, Any]) -> dict[str, int]:
    """How many nodes of the graph each provider runs, by ONNX Runtime's own account."""
    with tempfile.TemporaryDirectory() as folder:
        session = open_session(path, provider, threads, profile=Path(folder) / "step")
        session.run(None, inputs)
        events = json.loads(Path(session.end_profiling()).read_text())
    ran = [event for event in events if event["cat"] == "Node" and event["name"].endswith("_kernel_time")]
    return dict(Counter(_short(event["args"]["provider"]) for event in ran))


def _examine_source(report: Report, source: Source, model_rate: int) -> None:
    blocks, gaps, seconds, states = [], [], 0.0, []
    arrivals: list[float] = []
    stopping = threading.Event()
    patience = threading.Timer(_PATIENCE_SECONDS, stopping.set)
    patience.daemon = True
    patience.start()
    try:
        for item in source.items(stopping):
            if isinstance(item, Block):
                blocks.append(item)
                arrivals.append(time.monotonic())
                seconds += len(item.samples) / item.sample_rate
            elif isinstance(item, Gap):
                gaps.append(item)
            else:
                states.append(item)
            if seconds >= SOUND_SECONDS:
                break
    finally:
        patience.cancel()
        stopping.set()
    ...
