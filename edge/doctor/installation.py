"""Versions and providers on this machine, their known faults, and the speed of a model."""

import importlib.metadata
import os
import platform
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from edge.doctor.report import Finding, Report
from edge.model import (
    Model,
    import_onnxruntime,
    nvidia_gpu_present,
    onnxruntime_packages,
    open_session,
    profiled_nodes,
    short_provider_name,
    why_no_cuda,
)

_STEPS = 20
_BUSY_SHARE = 0.5  # of the hop; a step that takes longer is a finding
_PACKAGES = ("sed-edge", "numpy", "onnxruntime", "onnxruntime-gpu", "av", "soxr", "sounddevice", "click")


def check_installation(report: Report) -> None:
    """Versions, the machine, what could run a model, and combinations known to be bad.

    Raises:
        InstallError: if ONNX Runtime cannot be used.
    """
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    report.parts["versions"] = {**versions, "ffmpeg": _ffmpeg_version(), "portaudio": _portaudio_version()}
    report.parts["machine"] = {"processor": platform.machine(), "cores": os.cpu_count()}
    for package in onnxruntime_packages():
        report.findings += known_faults(versions[package], platform.machine())
    onnxruntime = import_onnxruntime()
    why_not = why_no_cuda(onnxruntime)
    report.parts["providers"] = {
        "available": [short_provider_name(name) for name in onnxruntime.get_available_providers()],
        "cuda": "available" if why_not is None else f"not available: {why_not}",
    }
    if why_not is not None and nvidia_gpu_present():
        report.findings.append(Finding(False, f"a GPU seems to be here and cannot be used: {why_not}"))


def known_faults(onnxruntime_version: str, processor: str) -> list[Finding]:
    """Known faults of a version of ONNX Runtime on a processor.

    >>> known_faults("1.25.1", "aarch64")[0].text
    "onnxruntime 1.25.1 leaks memory on Arm: run pip install --upgrade 'sed-edge[cpu]'"
    >>> known_faults("1.25.1", "x86_64")
    []
    """
    version = tuple(int(part) for part in onnxruntime_version.split(".")[:3] if part.isdigit())
    upgrade = "run pip install --upgrade 'sed-edge[cpu]'"
    if (1, 24) <= version <= (1, 26, 0) and processor.lower().startswith(("arm", "aarch")):
        return [Finding(True, f"onnxruntime {onnxruntime_version} leaks memory on Arm: {upgrade}")]
    if version < (1, 21):
        return [Finding(True, f"onnxruntime {onnxruntime_version} is older than 1.21, the oldest supported: {upgrade}")]
    return []


def check_model(report: Report, model: Model, path: Path, provider: str, threads: int) -> None:
    """How fast a step is, and which of its nodes run where.

    Args:
        report: to add to.
        model: opened.
        path: of its file.
        provider: that was asked for.
        threads: that one step may use.
    """
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
    """Provider -> number of the graph's nodes that it runs, by ONNX Runtime's profile."""
    with tempfile.TemporaryDirectory() as folder:
        session = open_session(path, provider, threads, profile=Path(folder) / "step")
        return dict(Counter(node.provider for node in profiled_nodes(session, inputs)))


def _ffmpeg_version() -> str:
    import av

    return str(av.ffmpeg_version_info)


def _portaudio_version() -> str:
    try:
        import sounddevice

        return str(sounddevice.get_portaudio_version()[1])
    except (ImportError, OSError):
        return "missing, which only microphones need"
