"""The log-mel frontend in all its forms, each a call from samples to decibels in the machine's own memory."""

import copy
import io
import logging
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

import librosa
import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import nn

from edge.bench.steps import open_on, why_absent
from edge.errors import SedError
from edge.model import Floats
from export.graph import OPSET
from sed.network import LogMel, torchlibrosa_frontend
from sed.recipe import FrontendConfig

Frontend = Callable[[Floats], Floats]  # [batch, samples] -> [batch, 1, frames, n_mels], in dB


@contextmanager
def frontends(
    config: FrontendConfig, threads: int
) -> Iterator[tuple[dict[tuple[str, str], Frontend], list[dict[str, str]]]]:
    """All forms that can be had here, to be called inside of the `with`.

    Args:
        config: what they compute.
        threads: of the CPU that each may use; torch and librosa have their former ones back at the end.

    Yields:
        By name and device (`cpu` or `cuda`); and of those that cannot be had, `frontend` and `reason`.
    """
    networks = {"torchlibrosa": torchlibrosa_frontend(config), "folded, torch": LogMel(config)}
    found = {(name, "cpu"): _by_torch(network, "cpu") for name, network in networks.items()}
    missing = []
    if torch.cuda.is_available():
        found |= {(name, "cuda"): _by_torch(network, "cuda") for name, network in networks.items()}
    else:
        reason = f"torch {torch.__version__} finds no GPU"
        missing += [{"frontend": f"{name}, on cuda", "reason": reason} for name in networks]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "frontend.onnx"
        export_frontend(config, path)
        for provider in ("cpu", "cuda"):
            why_not = why_absent(provider)
            try:
                if why_not is None:
                    found["folded, ONNX Runtime", provider] = _by_onnx_runtime(path, provider, threads)
            except SedError as exc:
                why_not = str(exc)
            if why_not is not None:
                missing.append({"frontend": f"folded, ONNX Runtime, on {provider}", "reason": why_not})
    found["librosa", "cpu"] = _by_librosa(config)
    torch_threads = torch.get_num_threads()
    with threadpool_limits(threads):  # librosa's products
        torch.set_num_threads(threads)
        try:
            yield found, missing
        finally:
            torch.set_num_threads(torch_threads)


def export_frontend(config: FrontendConfig, path: Path) -> None:
    """Write the folded frontend alone, for any number of recordings of any length."""
    network = LogMel(config)
    batch, frames = torch.export.Dim("batch"), torch.export.Dim("frames")
    shapes = {"audio": {0: batch, 1: config.hop_length * frames + config.overlap_samples}}
    audio = torch.zeros(2, config.overlap_samples + 7 * config.hop_length)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it misses torchvision, which nothing here uses
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")  # of torch's own internals
        program = torch.onnx.export(
            network, (audio,), dynamo=True, dynamic_shapes=shapes, opset_version=OPSET, input_names=["audio"]
        )
    assert program is not None
    program.save(path)


def _by_torch(network: nn.Module, device: str) -> Frontend:
    placed = copy.deepcopy(network).to(device).eval()

    @torch.inference_mode()
    def call(audio: Floats) -> Floats:
        logmel: Floats = placed(torch.from_numpy(audio).to(device)).cpu().numpy()
        return logmel

    return call


def _by_onnx_runtime(path: Path, provider: str, threads: int) -> Frontend:
    session = open_on(path, provider, threads)

    def call(audio: Floats) -> Floats:
        logmel: Floats = session.run(None, {"audio": audio})[0]
        return logmel

    return call


def _by_librosa(config: FrontendConfig) -> Frontend:
    def call(audio: Floats) -> Floats:
        power = librosa.feature.melspectrogram(
            y=audio,
            sr=config.sample_rate,
            n_fft=config.n_fft,
            hop_length=config.hop_length,
            center=False,
            n_mels=config.n_mels,
            fmin=config.fmin,
            fmax=config.fmax,
        )
        decibels = librosa.power_to_db(power, ref=1.0, amin=config.amin, top_db=None)
        return np.ascontiguousarray(decibels.transpose(0, 2, 1)[:, None], dtype=np.float32)

    return call
