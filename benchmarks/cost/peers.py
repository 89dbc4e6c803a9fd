"""What other projects run, by ONNX Runtime on one thread like this project's own models.

silero-vad is its package as it is published; the other two are written down here in the shape of their papers'
networks, with random weights, because speed does not depend on them.
"""

import importlib.resources
import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.cost.timing import Subject, session
from edge.model import Floats
from sed.network import LogMel, Prediction, torchlibrosa_frontend
from sed.recipe import FrontendConfig

DCASE_FRONTEND = FrontendConfig(n_fft=2048, hop_length=256, n_mels=128, fmin=0.0, fmax=8000.0)
_CHUNK, _OVERLAP = 512, 64  # samples of silero-vad at 16 kHz


def silero_streaming(audio: Floats, chunks: int = 128) -> dict[str, Subject]:
    """Each of its files that takes one chunk of 32 ms a call and carries its state; audio at 16 kHz."""
    subjects = {}
    for path in sorted(_silero_files()):
        runs = session(str(path))
        if "state" in {node.name for node in runs.get_inputs()}:
            subjects[path.stem] = Subject(chunks * _CHUNK / 16_000, _Chunks(runs, audio, chunks))
    return subjects


class _Chunks:
    def __init__(self, runs: onnxruntime.InferenceSession, audio: Floats, chunks: int) -> None:
        self._runs, self._audio, self._chunks = runs, audio, chunks
        self._takes_rate = "sr" in {node.name for node in runs.get_inputs()}
        self._state = np.zeros((2, 1, 128), dtype=np.float32)

    def __call__(self) -> None:
        for index in range(1, self._chunks + 1):
            chunk = self._audio[None, index * _CHUNK - _OVERLAP : (index + 1) * _CHUNK]
            rate = {"sr": np.array(16_000, dtype=np.int64)} if self._takes_rate else {}
            _, self._state = self._runs.run(None, {"input": chunk, "state": self._state, **rate})


def silero_sequence(audio: Floats, calls: int = 4, chunks: int = 32) -> Subject:
    """Its export for sequences: about a second of chunks a call."""
    runs = session(str(next(path for path in _silero_files() if "sequence" in path.stem)))
    rows = np.stack([audio[at - _OVERLAP : at + _CHUNK] for at in range(_CHUNK, (chunks + 1) * _CHUNK, _CHUNK)])
    state = {name: np.zeros((1, 1, 128), dtype=np.float32) for name in ("h", "c")}

    def call() -> None:
        for _ in range(calls):
            _, state["h"], state["c"] = runs.run(None, {"input": rows, **state})

    return Subject(calls * chunks * _CHUNK / 16_000, call)


def whole_window(network: nn.Module, samples: int, folder: Path, hop_seconds: float) -> Subject:
    """A network exported for a window of so many samples: called once every hop, or once for all if that is as long."""
    audio = 0.05 * torch.randn(1, samples, generator=torch.Generator().manual_seed(0))
    path = folder / f"{type(network).__name__}.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch's own internals
        program = torch.onnx.export(network.eval(), (audio,), dynamo=True, input_names=["audio"], verbose=False)
    assert program is not None
    program.save(path)
    runs, feed = session(str(path)), {"audio": audio.numpy()}
    return Subject(hop_seconds, lambda: runs.run(None, feed))


class DcaseCrnn(nn.Module):
    """The baseline of DCASE 2023 task 4: seven gated convolutions, two bi-GRU layers (1.1 M parameters).

    Shape of https://github.com/DCASE-REPO/DESED_task, recipes/dcase2023_task4_baseline. Its own frontend lies outside
    the network, by an FFT, and scales every clip by its extremes, which no stream can; here it is given torchlibrosa's
    or this project's, and batch norm over mel bins.

    Args:
        frontend: log-mel of 128 bins.
        classes: how many.
        folded: this project's frontend, which costs half of torchlibrosa's.
    """

    def __init__(self, frontend: FrontendConfig = DCASE_FRONTEND, classes: int = 10, folded: bool = True) -> None:
        super().__init__()
        self.frontend = LogMel(frontend) if folded else torchlibrosa_frontend(frontend)
        self.normalise = nn.BatchNorm1d(frontend.n_mels)
        widths, pools = (1, 16, 32, 64, 128, 128, 128, 128), ((2, 2), (2, 2), *[(1, 2)] * 5)
        self.blocks = nn.Sequential(
            *(_Gated(before, after, pool) for before, after, pool in zip(widths, widths[1:], pools, strict=False))
        )
        self.recurrent = nn.GRU(128, 128, num_layers=2, batch_first=True, bidirectional=True)
        self.dropout = DropHalf()
        self.classify, self.weigh = nn.Linear(256, classes), nn.Linear(256, classes)

    def forward(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        frames, clip = self.predict(self.frontend(audio))
        return torch.sigmoid(frames), torch.sigmoid(clip)

    def predict(self, logmel: Tensor) -> Prediction:
        """`[batch, 1, 4 * k, 128] -> Prediction` of k frames."""
        x = self.normalise(logmel.squeeze(1).transpose(1, 2)).transpose(1, 2).unsqueeze(1)
        x = self.blocks(x).squeeze(3).transpose(1, 2)
        x = self.dropout(self.recurrent(self.dropout(x))[0])
        frames, weights = self.classify(x), torch.softmax(self.weigh(x), dim=-1)
        clip = (torch.sigmoid(frames) * weights).sum(1) / weights.sum(1)
        return Prediction(frames, torch.logit(clip, eps=1e-6))


class _Gated(nn.Module):
    def __init__(self, before: int, after: int, pool: tuple[int, int]) -> None:
        super().__init__()
        self.convolve, self.norm = nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after)
        self.linear, self.dropout, self.pool = nn.Linear(after, after), DropHalf(), nn.AvgPool2d(pool)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.convolve(x))
        gated = self.linear(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2) * torch.sigmoid(x)
        pooled: Tensor = self.pool(self.dropout(gated))
        return pooled


class DropHalf(nn.Module):
    """Dropout of a half, by one random bit a number: torch's own is ten times as slow on a CPU."""

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        drawn = torch.empty(-(-x.numel() // 8), dtype=torch.int64, device=x.device).random_().view(torch.uint8)
        return x * (drawn.as_strided(x.shape, x.stride()) & 2).to(x.dtype)  # 0 or 2


class Cnn14DecisionLevelMax(nn.Module):
    """PANNs' Cnn14_DecisionLevelMax: twelve dense convolutions (81 M parameters), torchlibrosa's frontend as its own.

    Shape of https://github.com/qiuqiangkong/audioset_tagging_cnn.
    """

    def __init__(self) -> None:
        super().__init__()
        config = FrontendConfig(sample_rate=32_000, n_fft=1024, hop_length=320, n_mels=64, fmin=50.0, fmax=14_000.0)
        self.frontend, self.norm = torchlibrosa_frontend(config), nn.BatchNorm2d(64)
        layers: list[nn.Module] = []
        before = 1
        for width in (64, 128, 256, 512, 1024, 2048):
            for channels in (before, width):
                layers += [nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
            layers += [nn.AvgPool2d(2)] if width < 2048 else []
            before = width
        self.blocks = nn.Sequential(*layers)
        self.hidden, self.classify = nn.Linear(2048, 2048), nn.Linear(2048, 527)

    def forward(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        x = self.norm(self.frontend(audio).transpose(1, 3)).transpose(1, 3)
        x = self.blocks(x).mean(dim=3)
        x = F.max_pool1d(x, 3, 1, 1) + F.avg_pool1d(x, 3, 1, 1)
        scores = torch.sigmoid(self.classify(F.relu(self.hidden(x.transpose(1, 2)))))
        return scores.repeat_interleave(32, dim=1), scores.amax(dim=1)


def _silero_files() -> list[Path]:
    return [
        Path(str(file))
        for file in (importlib.resources.files("silero_vad") / "data").iterdir()
        if file.name.endswith(".onnx")
    ]
