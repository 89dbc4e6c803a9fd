"""The log-mel frontend: equal to torchlibrosa's, with half of its multiplications.

A windowed DFT of a real frame needs only the even and the odd part of the frame:

    x[n]     x0  x1  x2  x3 | x4  x5  x6  x7                 n_fft = 8, window symmetric about n = 4, zero at n = 0
    even         x1 + x7, x2 + x6, x3 + x5, x4 + x4          the cosine rows need only these
    odd          x1 - x7, x2 - x6, x3 - x5, x4 - x4          the sine rows need only these

so both matrices have half the size. Rows of bins that are in no mel band are left out. All coefficients come from the
buffers of torchlibrosa's layers.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchlibrosa.stft import LogmelFilterBank, Spectrogram

from sed.recipe import FrontendConfig


def torchlibrosa_frontend(config: FrontendConfig) -> nn.Sequential:
    """The reference: torchlibrosa's `Spectrogram` and `LogmelFilterBank`, constructed as usual.

    Shape:
        `[batch, samples] -> [batch, 1, 1 + (samples - n_fft) // hop_length, n_mels]`, in dB.
    """
    return nn.Sequential(
        Spectrogram(
            n_fft=config.n_fft,
            hop_length=config.hop_length,
            win_length=config.n_fft,
            window="hann",
            center=False,
            pad_mode="constant",
            freeze_parameters=True,
        ),
        LogmelFilterBank(
            sr=config.sample_rate,
            n_fft=config.n_fft,
            n_mels=config.n_mels,
            fmin=config.fmin,
            fmax=config.fmax,
            ref=1.0,
            amin=config.amin,
            top_db=None,
            freeze_parameters=True,
        ),
    )


class LogMel(nn.Module):
    """Log-mel spectrogram by the folded DFT, equal to `torchlibrosa_frontend` up to rounding.

    Shape:
        `[batch, samples] -> [batch, 1, frames, n_mels]` in dB, where `samples = overlap + frames * hop_length`.
    """

    cosine: Tensor
    sine: Tensor
    mel: Tensor

    def __init__(self, config: FrontendConfig) -> None:
        super().__init__()
        reference: Any = torchlibrosa_frontend(config)
        spectrogram, logmel = reference
        half = config.n_fft // 2
        mel = logmel.melW  # [bins, mels]
        used = torch.nonzero(mel.sum(dim=1)).flatten()
        bins = slice(int(used.min()), int(used.max()) + 1)
        real = spectrogram.stft.conv_real.weight[bins, 0, 1 : half + 1].clone()  # [bins, half]
        real[:, -1] /= 2  # the middle sample is counted twice
        imaginary = spectrogram.stft.conv_imag.weight[bins, 0, 1 : half + 1]
        # Not saved in checkpoints: they follow from the config.
        self.register_buffer("cosine", real.T.contiguous(), persistent=False)
        self.register_buffer("sine", imaginary.T.contiguous(), persistent=False)
        self.register_buffer("mel", mel[bins].contiguous(), persistent=False)
        self.n_fft, self.hop_length, self.amin = config.n_fft, config.hop_length, config.amin

    def forward(self, audio: Tensor) -> Tensor:
        frames = self._frames(audio)  # [B, T, at least n_fft]
        half = self.n_fft // 2
        ahead, behind = frames[..., 1 : half + 1], frames[..., half : self.n_fft].flip(-1)
        power = ((ahead + behind) @ self.cosine).square() + ((ahead - behind) @ self.sine).square()
        return 10.0 * torch.log10(torch.clamp(power @ self.mel, min=self.amin)).unsqueeze(1)

    def _frames(self, audio: Tensor) -> Tensor:
        # Blocks of one hop, concatenated with a shift: no gather, so that it can be exported with dynamic length.
        span = -(-self.n_fft // self.hop_length)  # hops that a frame overlaps
        blocks = F.pad(audio, (0, span * self.hop_length - self.n_fft))
        blocks = blocks.reshape(audio.shape[0], -1, self.hop_length)
        count = blocks.shape[1] - span + 1
        shifted = [blocks[:, start : start + count] for start in range(span)]
        return torch.cat(shifted, dim=-1)
