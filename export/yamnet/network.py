"""YAMNet, as published, in torch: 0.96 s of log-mel to the logits of 521 sounds.

    samples at 16 kHz ─> |STFT| (400, 160, FFT 512) ─> 64 mel bands, 125 to 7500 Hz ─> log(x + 0.001)
    patch of 96 frames ─> 3 x 3 convolution, stride 2 ─> 13 x (depthwise 3 x 3, pointwise) ─> mean ─> linear

Batch norms are folded into the convolutions before them. Source: M. Plakal and D. Ellis, "YAMNet",
https://github.com/tensorflow/models/tree/master/research/audioset/yamnet (Apache-2.0).
"""

import itertools
import math
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edge.model import Floats
from export.errors import SourceModelError

SAMPLE_RATE, PATCH_FRAMES, CLASSES = 16000, 96, 521
STFT_SAMPLES, HOP_SAMPLES = 400, 160
PATCH_SAMPLES = STFT_SAMPLES + (PATCH_FRAMES - 1) * HOP_SAMPLES
_FFT, _MEL_BANDS, _LOWEST_HZ, _HIGHEST_HZ = 512, 64, 125.0, 7500.0
_LOG_OFFSET, _BATCH_NORM_EPSILON = 0.001, 1e-4
_STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)  # of the depthwise convolutions
_NAME = "layer-1/layer/_func/_yamnet/layer_with_weights-{}/{}/.ATTRIBUTES/VARIABLE_VALUE"


class LogMel(nn.Module):
    """YAMNet's log-mel spectrogram, by a folded DFT as `sed.network.LogMel` does it.

    Shape:
        `[batch, samples] -> [batch, frames, 64]`, where `samples = 240 + frames * 160`.
    """

    cosine: Tensor
    sine: Tensor
    mel: Tensor

    def __init__(self) -> None:
        super().__init__()
        mel = mel_matrix()
        used = torch.nonzero(mel.sum(dim=1)).flatten()
        bins = torch.arange(int(used.min()), int(used.max()) + 1)
        half = STFT_SAMPLES // 2
        place = torch.arange(1, half + 1, dtype=torch.float64)
        # Seen from the middle of the frame, which does not change the magnitudes: x[200 - n] and x[200 + n].
        window = 0.5 + 0.5 * torch.cos(math.pi * (half - place) / half)
        turn = 2 * math.pi * bins.double() * (half - place)[:, None] / _FFT
        cosine = window[:, None] * torch.cos(turn)
        cosine[-1] /= 2  # the middle sample is counted twice
        self.register_buffer("cosine", cosine.float())
        self.register_buffer("sine", (window[:, None] * torch.sin(turn)).float())
        self.register_buffer("mel", mel[bins].float())

    def forward(self, audio: Tensor) -> Tensor:
        half = STFT_SAMPLES // 2
        blocks = F.pad(audio, (0, 3 * HOP_SAMPLES - STFT_SAMPLES)).reshape(audio.shape[0], -1, HOP_SAMPLES)
        count = blocks.shape[1] - 2
        frames = torch.cat([blocks[:, start : start + count] for start in range(3)], dim=-1)  # [B, T, 480]
        # The window is zero at n = 0.
        ahead, behind = frames[..., 1 : half + 1], frames[..., half:STFT_SAMPLES].flip(-1)
        power = ((ahead + behind) @ self.cosine).square() + ((ahead - behind) @ self.sine).square()
        return torch.log(torch.sqrt(power) @ self.mel + _LOG_OFFSET)


def mel_matrix() -> Tensor:
    """Triangular bands on the mel scale of HTK, each of height 1: `[257 bins, 64 bands]`, float64."""
    hz = torch.arange(_FFT // 2 + 1, dtype=torch.float64) * SAMPLE_RATE / _FFT
    edges = torch.linspace(_mel(_LOWEST_HZ), _mel(_HIGHEST_HZ), _MEL_BANDS + 2, dtype=torch.float64)
    place = 1127.0 * torch.log1p(hz / 700.0)[:, None]
    rising = (place - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - place) / (edges[2:] - edges[1:-1])
    return torch.minimum(rising, falling).clamp(min=0.0)


def _mel(hz: float) -> float:
    return 1127.0 * math.log1p(hz / 700.0)


class YamNet(nn.Module):
    """The published network.

    Shape:
        `[patches, 96, 64] -> [patches, 521]`, logits.
    """

    def __init__(self) -> None:
        super().__init__()
        widths = (32, 64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)
        self.stem = _SamePadded(1, 32, stride=2, groups=1)
        self.depthwise = nn.ModuleList(
            _SamePadded(width, width, stride, groups=width) for width, stride in zip(widths, _STRIDES, strict=False)
        )
        self.pointwise = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in itertools.pairwise(widths))
        self.classify = nn.Linear(1024, CLASSES)

    def forward(self, patches: Tensor) -> Tensor:
        logits: Tensor = self.classify(self.embed(patches))
        return logits

    def embed(self, patches: Tensor) -> Tensor:
        """What the classifier sees: `[patches, 96, 64] -> [patches, 1024]`."""
        x = F.relu(self.stem(patches.unsqueeze(1)))
        for depthwise, pointwise in zip(self.depthwise, self.pointwise, strict=True):
            x = F.relu(pointwise(F.relu(depthwise(x))))  # [P, C, time, bands]
        return x.mean(dim=(2, 3))


class _SamePadded(nn.Conv2d):
    """A 3 x 3 convolution padded as TensorFlow does: with a stride of two at the end only."""

    def __init__(self, inputs: int, outputs: int, stride: int, groups: int) -> None:
        super().__init__(inputs, outputs, 3, stride, padding=1 if stride == 1 else 0, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x if self.stride == (1, 1) else F.pad(x, (0, 1, 0, 1)))


def load_yamnet(tensors: Mapping[str, Floats]) -> YamNet:
    """The network with the published weights.

    Args:
        tensors: what `read_tensors` read.

    Raises:
        SourceModelError: if a tensor is missing or has another shape.
    """
    network = YamNet().eval()
    convolutions: list[Any] = [network.stem]  # torch types what a list of modules holds as any module
    for pair in zip(network.depthwise, network.pointwise, strict=True):
        convolutions += pair
    try:
        with torch.no_grad():
            for index, convolution in enumerate(convolutions):
                kind = "depthwise_kernel" if convolution.groups > 1 else "kernel"
                kernel = _tensor(tensors, 2 * index, kind)  # [height, width, in, out]
                kernel = kernel.permute((2, 3, 0, 1) if convolution.groups > 1 else (3, 2, 0, 1))
                mean, variance, beta = (
                    _tensor(tensors, 2 * index + 1, name) for name in ("moving_mean", "moving_variance", "beta")
                )
                factor = torch.rsqrt(variance + _BATCH_NORM_EPSILON)
                convolution.weight.copy_(kernel * factor[:, None, None, None])
                convolution.bias.copy_(beta - mean * factor)
            network.classify.weight.copy_(_tensor(tensors, 2 * len(convolutions), "kernel").T)
            network.classify.bias.copy_(_tensor(tensors, 2 * len(convolutions), "bias"))
    except (KeyError, RuntimeError) as exc:
        raise SourceModelError(f"these are not the weights of YAMNet: {exc}") from exc
    return network


def _tensor(tensors: Mapping[str, Floats], layer: int, name: str) -> Tensor:
    return torch.from_numpy(tensors[_NAME.format(layer, name)]).double()
