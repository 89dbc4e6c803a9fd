"""A pretrained encoder beside the convolutions: what a sound is, over about a second.

    frames        |0 1 2 3 4 5 6 7 8 9|0 1 2 3 4 5 6 7 8 9|0 1 2 3 4 5 6 7 8 9|   a grid of 10, from the source's first
    windows   [   ends with frame 9   ]                   |
                          [       ends with frame 19      ]
    vectors                          v0                  v1                       zeros at all other frames
    coarse frames                 v0 . . . . . v1                                 interpolated between windows' middles

A vector is that of an encoder's window of samples, normalised, less that of silence, and projected: a function of its
own samples only, and zero for silence, as before a source. It is kept with the frame that its window ends with.
"""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edge.model import import_onnxruntime, session_options
from sed.errors import RecipeError
from sed.recipe import EncoderConfig, Recipe

_BATCH = 64  # windows that go through the encoder at once


class Encoder:
    """A frozen encoder, run by ONNX Runtime.

    Shape:
        `[windows, window_samples] -> [windows, vector_size]`
    """

    def __init__(self, config: EncoderConfig) -> None:
        self.config = config
        self._session = _open(config)

    def __call__(self, windows: Tensor) -> Tensor:
        vectors = [torch.zeros(0, self.config.vector_size)]
        for part in torch.split(windows.detach().float().cpu(), _BATCH):
            if len(part) > 0:
                answer = self._session.run([self.config.output], {self.config.input: part.contiguous().numpy()})
                vectors.append(torch.from_numpy(answer[0]))
        return torch.cat(vectors).to(windows.device)

    def __getstate__(self) -> EncoderConfig:
        return self.config

    def __setstate__(self, config: EncoderConfig) -> None:
        self.config, self._session = config, _open(config)


def _open(config: EncoderConfig) -> Any:
    """Its session, once it has answered no windows with no vectors: a step of a stream may hold none."""
    onnxruntime = import_onnxruntime()
    options = session_options(onnxruntime, torch.get_num_threads())
    none = np.zeros((0, config.window_samples), dtype=np.float32)
    try:
        session = onnxruntime.InferenceSession(config.file, options, providers=["CPUExecutionProvider"])
        shape = session.run([config.output], {config.input: none})[0].shape
    except Exception as exc:  # ONNX Runtime's own exceptions share no base but this
        reason = str(exc).partition("\n")[0]
        raise RecipeError(
            f"the encoder cannot be run ({reason}); compare input, output and window_samples in its TOML with its "
            "graph, whose number of windows must be free"
        ) from exc
    if shape != (0, config.vector_size):
        raise RecipeError(
            f"the encoder gives {shape} for no windows, expected {(0, config.vector_size)}; "
            "correct vector_size in its TOML"
        )
    return session


class EncoderBranch(nn.Module):
    """An encoder's vectors, at the frames that its windows end with."""

    silence: Tensor

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        config = recipe.encoder
        self.encoder = Encoder(config)
        self.context_samples, self.frame_samples = recipe.context_samples, recipe.frame_samples
        self.window_samples, self.grid_frames = config.window_samples, recipe.grid_frames
        self.project = nn.Linear(config.vector_size, recipe.network.embedding_size, bias=False)
        # Not saved in checkpoints: it follows from the encoder.
        silence = _normalised(self.encoder(torch.zeros(1, config.window_samples)))
        self.register_buffer("silence", silence, persistent=False)

    def vectors(self, audio: Tensor, old_frames: int = 0) -> Tensor:
        """The encoder's answers for the windows that end within the new frames.

        Args:
            audio: `[batch, context_samples + k * frame_samples]`.
            old_frames: M, frames of the window that come before these k.

        Returns:
            `[batch, (M + k) // grid - M // grid, vector_size]`; there may be none.
        """
        windows = self.windows(audio, old_frames)
        with torch.no_grad():
            vectors = self.encoder(windows.flatten(0, 1))
        return vectors.reshape(windows.shape[0], windows.shape[1], vectors.shape[1])

    def windows(self, audio: Tensor, old_frames: int) -> Tensor:
        """Cut the windows out; `[batch, windows, window_samples]`."""
        new_frames = (audio.shape[1] - self.context_samples) // self.frame_samples
        count = (old_frames + new_frames) // self.grid_frames - old_frames // self.grid_frames
        first_end = (self.grid_frames - old_frames % self.grid_frames) * self.frame_samples
        begins = torch.arange(count, device=audio.device) * (self.grid_frames * self.frame_samples)
        begins = begins + (self.context_samples + first_end - self.window_samples)
        places = begins.unsqueeze(1) + torch.arange(self.window_samples, device=audio.device)
        return audio.index_select(1, places.flatten()).reshape(audio.shape[0], count, self.window_samples)

    def place(self, vectors: Tensor, old_frames: int, new_frames: int) -> Tensor:
        """Project vectors, and put each at its frame; `[batch, windows, vector_size] -> [batch, k, embedding_size]`."""
        projected = self.project(_normalised(vectors) - self.silence)
        ends = torch.arange(1, new_frames + 1, device=vectors.device) + old_frames
        number = ends // self.grid_frames - old_frames // self.grid_frames  # from 1; 0 is the row of zeros
        number = torch.where(ends % self.grid_frames == 0, number, 0)
        return F.pad(projected, (0, 0, 1, 0)).index_select(1, number)


def _normalised(vectors: Tensor) -> Tensor:
    """Vectors of which each has a mean square of 1."""
    return vectors * torch.rsqrt(vectors.square().mean(dim=-1, keepdim=True) + 1e-8)


class Interpolation(nn.Module):
    """Placed vectors at the coarse frames: linear between the middles of their windows.

    Shape:
        `[batch, frames, size] -> [batch, (1 + frames // grid) * (grid / stride), size]`: some may lie beyond the last
        frame.
    """

    weights: Tensor

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        self.grid_frames, stride = recipe.grid_frames, recipe.network.head_stride
        half = recipe.encoder.window_samples / 2 / recipe.frame_samples
        coarse = torch.arange(self.grid_frames // stride, dtype=torch.float64)
        # Vector number i ends at frame i * grid: this is the number whose middle is at a coarse frame's.
        place = ((coarse + 0.5) * stride + half) / self.grid_frames
        numbers = torch.arange(int(place.max()) + 2)
        weights = (1 - (place.unsqueeze(1) - numbers).abs()).clamp(min=0).float()  # [grid / stride, numbers]
        self.register_buffer("weights", weights, persistent=False)

    def forward(self, placed: Tensor) -> Tensor:
        vectors = F.pad(placed, (0, 0, 1, 0))[:, :: self.grid_frames]  # [B, 1 + T // grid, size], number 0 unknown
        count, ahead = vectors.shape[1], self.weights.shape[1] - 1
        padded = F.pad(vectors, (0, 0, 0, ahead))
        near = torch.stack([padded[:, start : start + count] for start in range(ahead + 1)], dim=2)
        return (self.weights @ near).flatten(1, 2)
