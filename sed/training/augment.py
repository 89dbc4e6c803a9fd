"""Augmentation of batches, on the device that trains. No function changes its inputs."""

import torch
import torch.nn.functional as F
from torch import Tensor
from torchlibrosa.augmentation import SpecAugmentation

from sed.recipe import Recipe
from sed.training.losses import Target


def augment_audio(audio: Tensor, target: Target, recipe: Recipe) -> tuple[Tensor, Target]:
    """Gain, time shift and mixup of some scenes, as `[augment]` says.

    Args:
        audio: `[batch, context_samples + frames * frame_samples]`.
        target: of these scenes.
        recipe: probabilities, and where frames begin.
    """
    config = recipe.augment
    if config.time_shift > 0.0:
        audio, target = time_shift(audio, target, recipe.context_samples, config.time_shift)
    if config.mixup > 0.0:
        audio, target = mixup(audio, target, config.mixup, config.mixup_labels == "hard")
    if config.gain_db > 0.0:
        audio = random_gain(audio, config.gain_db)
    return audio, target


def augment_logmel(logmel: Tensor, target: Target, recipe: Recipe) -> tuple[Tensor, Target]:
    """FilterAugment and SpecAugment, as `[augment]` says.

    Args:
        logmel: `[batch, 1, context + frames * time_stride, n_mels]`, dB.
        target: of these scenes.
        recipe: strengths, and where frames begin.
    """
    config = recipe.augment
    if config.filter_augment_db > 0.0:
        logmel = filter_augment(logmel, config.filter_augment_db)
    if config.mel_masks + config.time_masks > 0:
        logmel, target = spec_augment(logmel, target, recipe)
    return logmel, target


def random_gain(audio: Tensor, db: float) -> Tensor:
    """Change the level of every scene by up to ±db; `[batch, samples]`."""
    gains_db = (2 * torch.rand(len(audio), 1, device=audio.device) - 1) * db
    return torch.clamp(audio * 10.0 ** (gains_db / 20), -1.0, 1.0)


def time_shift(audio: Tensor, target: Target, context_samples: int, probability: float) -> tuple[Tensor, Target]:
    """Rotate some scenes in time by whole frames: the end of a scene moves to its beginning.

    The context becomes the samples that precede the new first frame, so that every frame, except at the seam, keeps its
    context.

    Args:
        audio: `[batch, context_samples + frames * frame_samples]`.
        target: of these scenes; rotated too.
        context_samples: samples before the first frame.
        probability: that a scene is rotated.
    """
    samples, frames = audio.shape[1] - context_samples, target.frames.shape[1]
    shifts = torch.randint(frames, (len(audio), 1), device=audio.device)
    shifts = shifts * (torch.rand(len(audio), 1, device=audio.device) < probability)
    indices = torch.arange(-context_samples, samples, device=audio.device) - shifts * (samples // frames)
    rotated = torch.gather(audio[:, context_samples:], 1, indices % samples)
    rotated = torch.where(shifts > 0, rotated, audio)
    order = ((torch.arange(frames, device=audio.device) - shifts) % frames).unsqueeze(2)  # [B, T, 1]
    return rotated, target._replace(
        frames=torch.take_along_dim(target.frames, order, dim=1),
        frames_known=torch.take_along_dim(target.frames_known, order, dim=1),
    )


def mixup(audio: Tensor, target: Target, probability: float, hard: bool) -> tuple[Tensor, Target]:
    """Mix some scenes with their neighbour in the batch; a random share of the level is the scene's own.

    After between-class learning (Tokozume et al., "Learning from between-class examples for deep sound recognition",
    2018), which weights by level.

    Args:
        audio: `[batch, samples]`.
        target: of these scenes; mixed by the same shares.
        probability: that a scene is mixed.
        hard: the labels of both scenes count fully, instead of by their shares.
    """
    level = torch.sqrt(audio.square().mean(dim=1, keepdim=True)) + 1e-6
    audible = (level > 1e-5) & (level.roll(1, 0) > 1e-5)  # at the level of a silent one, a scene would be silent too
    mixed = (torch.rand(len(audio), 1, device=audio.device) < probability) & audible
    share = torch.where(mixed, torch.rand(len(audio), 1, device=audio.device), 1.0)
    amplitude = 1.0 / (1.0 + level / level.roll(1, 0) * (1.0 - share) / share)
    both = amplitude * audio + (1.0 - amplitude) * audio.roll(1, 0)
    both = both / torch.sqrt(amplitude**2 + (1.0 - amplitude) ** 2)
    other = Target(*(part.roll(1, 0) for part in target))
    known = (
        torch.where(mixed.unsqueeze(2), target.frames_known * other.frames_known, target.frames_known),
        torch.where(mixed, target.clip_known * other.clip_known, target.clip_known),
    )
    if hard:
        frames = torch.where(mixed.unsqueeze(2), torch.maximum(target.frames, other.frames), target.frames)
        clip = torch.where(mixed, torch.maximum(target.clip, other.clip), target.clip)
    else:
        frames = torch.lerp(other.frames, target.frames, share.unsqueeze(2))
        clip = torch.lerp(other.clip, target.clip, share)
    return torch.clamp(both, -1.0, 1.0), Target(frames, known[0], clip, known[1])


def filter_augment(logmel: Tensor, db: float) -> Tensor:
    """Apply a random filter to each spectrogram: gains at some mel bins, linearly interpolated in between.

    After FilterAugment (Nam et al., "FilterAugment: An Acoustic Environmental Data Augmentation Method", 2022), with
    corners that are evenly spaced.

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


def spec_augment(logmel: Tensor, target: Target, recipe: Recipe) -> tuple[Tensor, Target]:
    """SpecAugment (Park et al. 2019) by torchlibrosa: set stripes of time and of mel bins to the spectrogram's minimum.

    A frame counts in the loss by its unmasked share, and a label of the clip only if a part of its event is unmasked.

    Args:
        logmel: `[batch, 1, context + frames * time_stride, n_mels]`, dB.
        target: its frames are the last ones of `logmel`.
        recipe: number and width of the stripes, length of frames.
    """
    config, spectrogram_seconds = recipe.augment, recipe.frontend.hop_length / recipe.frontend.sample_rate
    stripes = SpecAugmentation(
        time_drop_width=max(1, round(config.time_mask_seconds / spectrogram_seconds)),
        time_stripes_num=config.time_masks,
        freq_drop_width=config.mel_mask_bins,
        freq_stripes_num=config.mel_masks,
    )
    kept = stripes(torch.ones_like(logmel))  # it changes its input in place, so it gets a new tensor
    least = torch.amin(logmel, dim=(1, 2, 3), keepdim=True)
    return torch.where(kept > 0, logmel, least), _without(target, kept.amax(dim=(1, 3)), recipe.network.time_stride)


def _without(target: Target, kept: Tensor, time_stride: int) -> Target:
    """Reduce the weights of masked frames; `kept` `[batch, context + frames * time_stride]` is 0 where masked."""
    frames = target.frames.shape[1]
    own = kept[:, kept.shape[1] - frames * time_stride :]
    share = own.reshape(-1, frames, time_stride).mean(dim=2, keepdim=True)
    active, left = target.frames.amax(dim=1), (target.frames * share).amax(dim=1)
    return target._replace(
        frames_known=target.frames_known * share,
        clip_known=torch.where((active > 0) & (left == 0), 0.0, target.clip_known),
    )
