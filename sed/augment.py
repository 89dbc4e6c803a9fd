"""Augmentation of log-mel spectrograms, on the device that trains."""

import torch
import torch.nn.functional as F
from torch import Tensor


def filter_augment(logmel: Tensor, db: float) -> Tensor:
    """Colour each spectrogram with a random filter: gains joined by straight lines over the mel bins.

    After FilterAugment (Nam et al., "FilterAugment: An Acoustic Environmental Data Augmentation Method", 2022).

    Args:
        logmel: `[batch, 1, frames, n_mels]`, dB.
        db: gains lie within ±db.

    Returns:
        A new tensor of the same shape.
    """
    corners = int(torch.randint(3, 7, ()))
    gains = (2 * torch.rand(logmel.shape[0], 1, corners, device=logmel.device) - 1) * db  # [B, 1, corners]
    curve = F.interpolate(gains, size=logmel.shape[-1], mode="linear", align_corners=True)
    return logmel + curve.unsqueeze(1)  # [B, 1, 1, n_mels]


def mask_bins(logmel: Tensor, widest: int, chance: float = 0.5) -> Tensor:
    """Silence one band of mel bins in some spectrograms (SpecAugment, Park et al. 2019).

    Args:
        logmel: `[batch, 1, frames, n_mels]`, dB.
        widest: bins of the widest band.
        chance: of a spectrogram to be masked.

    Returns:
        A new tensor of the same shape; masked bins hold the spectrogram's least value.
    """
    batch, _, _, bins = logmel.shape
    width = torch.randint(1, widest + 1, (batch, 1), device=logmel.device)
    width = width * (torch.rand(batch, 1, device=logmel.device) < chance)
    start = (torch.rand(batch, 1, device=logmel.device) * (bins - width)).long()
    index = torch.arange(bins, device=logmel.device)
    masked = (index >= start) & (index < start + width)  # [B, n_mels]
    least = torch.amin(logmel, dim=(1, 2, 3), keepdim=True)
    return torch.where(masked[:, None, None, :], least, logmel)
