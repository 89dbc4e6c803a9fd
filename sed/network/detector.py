"""The network, which becomes the graph of the exported file.

    audio ─> LogMel ─> batch norm over mel bins ─> blocks of convolutions ─> embeddings      (only new frames)
    audio ─> pretrained encoder, if there is one ─> vectors, a part of the embeddings                (only new frames)
    embeddings (old and new) ─> bi-GRU ─> self-attention ─> frame logits ─> pooled clip logits   (whole window)

Time convolutions are valid (not padded), the product of their strides is one frame, and nothing is normalised per clip,
so the embeddings of a stream are equal to those of the whole recording.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sed.network.encoder import EncoderBranch, Interpolation
from sed.network.frontend import LogMel
from sed.recipe import NetworkConfig, Recipe


class Prediction(NamedTuple):
    """Logits of a window: `frames` `[batch, frames, classes]` and `clip` `[batch, classes]`."""

    frames: Tensor
    clip: Tensor


class Embedder(nn.Module):
    """Convolutions over a log-mel spectrogram.

    Shape:
        `[batch, 1, context + k * time_stride, n_mels] -> [batch, k, embedding_size]`
    """

    def __init__(self, config: NetworkConfig, n_mels: int) -> None:
        super().__init__()
        self.normalise = nn.BatchNorm1d(n_mels)
        channels, height = 1, n_mels
        blocks = []
        for width, stride, kernel in zip(config.widths, config.time_strides, config.second_time_kernels, strict=True):
            blocks.append(_block(channels, width, stride, kernel))
            channels, height = width, -(-height // 2)
        self.blocks = nn.Sequential(*blocks)
        self.project = nn.Conv2d(channels, config.embedding_size, (1, height))

    def forward(self, logmel: Tensor) -> Tensor:
        x = self.normalise(logmel.squeeze(1).transpose(1, 2)).transpose(1, 2).unsqueeze(1)
        x = self.blocks(x)  # [B, channels, k, height]
        return F.relu(self.project(x)).squeeze(3).transpose(1, 2)


def _block(channels: int, width: int, time_stride: int, second_time_kernel: int) -> nn.Sequential:
    # No dropout here: it took a third of a step's time on a CPU, and training needed more steps.
    return nn.Sequential(
        nn.Conv2d(channels, width, (3, 3), padding=(0, 1), bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
        nn.Conv2d(width, width, (second_time_kernel, 3), stride=(time_stride, 2), padding=(0, 1), bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
    )


class SelfAttention(nn.Module):
    """Multi-head self-attention with plain matrix products, which any exporter supports, for any length.

    Shape:
        `[batch, frames, size] -> [batch, frames, size]`
    """

    def __init__(self, size: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.inward = nn.Linear(size, 3 * size)
        self.outward = nn.Linear(size, size)

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in self.inward(x).chunk(3, dim=-1)
        )  # [B, heads, T, size / heads]
        weights = torch.softmax(query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5, dim=-1)
        return self.outward((weights @ value).transpose(1, 2).flatten(2))


class FrameNorm(nn.BatchNorm1d):
    """Batch norm of every feature over all frames: unlike a layer norm it costs almost nothing at inference.

    Shape:
        `[batch, frames, size] -> [batch, frames, size]`
    """

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.flatten(0, 1)).view_as(x)


class Head(nn.Module):
    """Computes logits from a whole window of embeddings: bi-GRU, self-attention, classifier, attention pooling.

        embeddings ─┬─> average of `head_stride` frames ─(+)─> bi-GRU ─> self-attention ─> logits, repeated ─┐
                    ├─> an encoder's vectors, interpolated ┘                                                 │
                    └─> logits ────────────────────────────────────────────────────────────────────────────(+)

    The context of some seconds needs no fine resolution, so the expensive part runs on coarse frames; onsets and
    offsets come from the fine frames. An embedding is causal: its receptive field ends with its own frame.
    `shift_frames` moves embeddings forward by half of their context, so that a frame's features are centred on it.
    Recurrence and attention can each be left out, to measure their effect.

    Shape:
        `[batch, frames, state_size] -> Prediction`
    """

    def __init__(self, recipe: Recipe, classes: int) -> None:
        super().__init__()
        config = recipe.network
        self.size = size = config.embedding_size
        self.shift_frames = round(recipe.convolution_context_samples / 2 / recipe.frame_samples)
        self.stride = config.head_stride
        self.interpolation = Interpolation(recipe) if recipe.has_encoder else None
        if config.gru_size > 0:
            self.recurrent = nn.GRU(size, config.gru_size, batch_first=True, bidirectional=True)
            self.recurrent_norm = FrameNorm(size)
        if config.attention_heads > 0:
            self.attention = SelfAttention(size, config.attention_heads)
            self.attention_norm = FrameNorm(size)
        self.recurs, self.attends = config.gru_size > 0, config.attention_heads > 0
        self.dropout = nn.Dropout(config.dropout)
        # For every class: the logit of the frame, and the logit of its weight in the pooling over the clip.
        self.classify_fine = nn.Linear(size, 2 * classes, bias=False)
        self.classify_coarse = nn.Linear(size, 2 * classes)

    def forward(self, embeddings: Tensor) -> Prediction:
        length = embeddings.shape[1]
        # Zeros follow the end, as in training, enough to fill the last coarse frame too.
        following = (0, 0, 0, self.shift_frames + self.stride - 1)
        fine = F.pad(embeddings[..., : self.size], following)[:, self.shift_frames :]
        coarse_length = fine.shape[1] // self.stride
        x = fine[:, : coarse_length * self.stride].reshape(-1, coarse_length, self.stride, fine.shape[2]).mean(dim=2)
        if self.interpolation is not None:
            x = x + self.interpolation(embeddings[..., self.size :])[:, :coarse_length]
        if self.recurs:
            x = self.recurrent_norm(x + self.dropout(self.recurrent(x)[0]))
        if self.attends:
            x = self.attention_norm(x + self.dropout(self.attention(x)))
        coarse = self.classify_coarse(x).unsqueeze(2).expand(-1, -1, self.stride, -1).flatten(1, 2)
        frames, weights = (self.classify_fine(fine[:, :length]) + coarse[:, :length]).chunk(2, dim=-1)
        # tanh bounds the logits of the pooling, so that no single frame gets all the weight.
        weights = torch.softmax(torch.tanh(weights), dim=1)
        return Prediction(frames=frames, clip=(weights * frames).sum(dim=1))


class Detector(nn.Module):
    """The whole network, from samples to logits.

    Shape:
        audio `[batch, context_samples + k * frame_samples]` -> Prediction of k frames
    """

    def __init__(self, recipe: Recipe, classes: int) -> None:
        super().__init__()
        self.frontend = LogMel(recipe.frontend)
        self.embedder = Embedder(recipe.network, recipe.frontend.n_mels)
        self.encoder = EncoderBranch(recipe) if recipe.has_encoder else None
        self.head = Head(recipe, classes)
        self._unseen_samples = recipe.context_samples - recipe.convolution_context_samples

    def forward(self, audio: Tensor) -> Prediction:
        return self.predict(self.logmel(audio), self.encode(audio))

    def logmel(self, audio: Tensor) -> Tensor:
        """The spectrogram that the convolutions see; `[batch, 1, context + k * time_stride, n_mels]`, dB."""
        return self.frontend(audio[:, self._unseen_samples :])

    def encode(self, audio: Tensor) -> Tensor | None:
        """The answers of the pretrained encoder; see `EncoderBranch.vectors`. None if there is none."""
        return None if self.encoder is None else self.encoder.vectors(audio)

    def predict(self, logmel: Tensor, vectors: Tensor | None = None) -> Prediction:
        """All layers after the frontend and the pretrained encoder, without old frames."""
        return self.head(self._embed(logmel, vectors, 0))

    def step(self, audio: Tensor, embeddings: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """One call of the exported graph.

        Args:
            audio: `[batch, context_samples + k * frame_samples]`.
            embeddings: `[batch, M, state_size]` of earlier calls, M >= 0.

        Returns:
            Scores `[batch, M + k, classes]`, clip scores `[batch, classes]`, embeddings `[batch, M + k, size]`.
        """
        old = embeddings.shape[1]
        vectors = None if self.encoder is None else self.encoder.vectors(audio, old)
        window = torch.cat([embeddings, self._embed(self.logmel(audio), vectors, old)], dim=1)
        frames, clip = self.head(window)
        return torch.sigmoid(frames), torch.sigmoid(clip), window

    def _embed(self, logmel: Tensor, vectors: Tensor | None, old_frames: int) -> Tensor:
        """Embeddings of the new frames: features, and beside them an encoder's vectors."""
        features = self.embedder(logmel)
        if self.encoder is None or vectors is None:
            return features
        return torch.cat([features, self.encoder.place(vectors, old_frames, features.shape[1])], dim=2)
